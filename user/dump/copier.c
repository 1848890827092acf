// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dump/copier.h"
#include "procfs/pagemap.h"

/* Large enough for calls to cost little, small enough to stay in the processor's cache. */
#define BUFFER_SIZE  (512 * 1024)
#define SEGMENTS_MAX 512

struct copier {
	pid_t pid;
	struct image_file *file;
	int memory; /* /proc/PID/mem, -1: not needed yet */
	bool running;
	size_t size; /* of what is to be read now */
	size_t nr;
	struct iovec segments[SEGMENTS_MAX]; /* in the process */
	uint64_t at[SEGMENTS_MAX];
	uint8_t buffer[BUFFER_SIZE];
};

int copier_open(struct copier **out, pid_t pid, struct image_file *file, bool running)
{
	struct copier *copier = malloc(sizeof(*copier));

	*out = copier;
	if (!copier)
		return -ENOMEM;
	copier->pid = pid;
	copier->file = file;
	copier->memory = -1;
	copier->running = running;
	copier->size = 0;
	copier->nr = 0;
	return 0;
}

static int open_memory(struct copier *copier)
{
	char path[32];

	if (copier->memory >= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/mem", copier->pid);
	copier->memory = open(path, O_RDONLY | O_CLOEXEC);
	return copier->memory < 0 ? -errno : 0;
}

/* Returns: how many bytes were read, or a negative errno value. */
static ssize_t read_memory(struct copier *copier, uint8_t *to, const struct iovec *from)
{
	size_t done = 0;

	while (done < from->iov_len) {
		ssize_t n = pread(copier->memory, to + done, from->iov_len - done,
				  (uintptr_t)from->iov_base + done);

		if (n > 0)
			done += n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (copier->running)
			break;
		else
			return n < 0 ? -errno : -EFAULT;
	}
	return done;
}

/* What could not be read with all others, mostly since it is PROT_NONE: which this way does not mind. */
static int copy_slowly(struct copier *copier, size_t first, size_t offset)
{
	int ret = open_memory(copier);

	/* A process that is gone while it runs is told by who stops it. */
	if (ret)
		return copier->running ? 0 : ret;
	for (size_t i = first; i < copier->nr; i++) {
		const struct iovec *segment = &copier->segments[i];
		ssize_t got = read_memory(copier, copier->buffer + offset, segment);

		if (got < 0)
			return got;
		ret = image_file_write(copier->file, copier->at[i] * PROC_PAGE_SIZE,
				       copier->buffer + offset, got);
		if (ret)
			return ret;
		offset += segment->iov_len;
	}
	return 0;
}

/* Writes the first segments, those that follow each other in the file together. */
static int write_segments(struct copier *copier, size_t nr)
{
	size_t offset = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < nr;) {
		uint64_t at = copier->at[i] * PROC_PAGE_SIZE;
		size_t size = 0;

		do
			size += copier->segments[i++].iov_len;
		while (i < nr && copier->at[i] * PROC_PAGE_SIZE == at + size);
		ret = image_file_write(copier->file, at, copier->buffer + offset, size);
		offset += size;
	}
	return ret;
}

static int flush(struct copier *copier)
{
	struct iovec local = { copier->buffer, copier->size };
	size_t nr = 0, offset = 0;
	ssize_t got;
	int ret;

	if (!copier->nr)
		return 0;
	got = process_vm_readv(copier->pid, &local, 1, copier->segments, copier->nr, 0);
	if (got < 0)
		got = 0;
	while (nr < copier->nr && offset + copier->segments[nr].iov_len <= (size_t)got)
		offset += copier->segments[nr++].iov_len;
	ret = write_segments(copier, nr);
	if (!ret && nr < copier->nr)
		ret = copy_slowly(copier, nr, offset);
	copier->nr = 0;
	copier->size = 0;
	return ret;
}

int copier_add(struct copier *copier, uint64_t start, uint64_t nr, uint64_t at)
{
	int ret = 0;

	while (nr && !ret) {
		uint64_t room = (BUFFER_SIZE - copier->size) / PROC_PAGE_SIZE;
		uint64_t n = nr < room ? nr : room;

		copier->segments[copier->nr].iov_base = (void *)(uintptr_t)start;
		copier->segments[copier->nr].iov_len = n * PROC_PAGE_SIZE;
		copier->at[copier->nr++] = at;
		copier->size += n * PROC_PAGE_SIZE;
		start += n * PROC_PAGE_SIZE;
		at += n;
		nr -= n;
		if (copier->nr == SEGMENTS_MAX || copier->size == BUFFER_SIZE)
			ret = flush(copier);
	}
	return ret;
}

int copier_close(struct copier *copier, int ret)
{
	ret = ret ?: flush(copier);
	if (copier->memory >= 0)
		close(copier->memory);
	free(copier);
	return ret;
}
