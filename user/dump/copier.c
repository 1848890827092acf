// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is read here is written by a thread, so that memory is copied in and out at the same time. Where little is
 * copied, or no thread can be had, there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dump/copier.h"
#include "dump/pages.h"
#include "image/thread.h"
#include "procfs/pagemap.h"

/*
 * Large enough for calls to cost little, small enough to stay in the processor's cache. Some kernels touch all of
 * what is left to be written at each page that they write.
 */
#define BATCH_PAGES 32
#define NR_BATCHES  4

/* Pages that follow each other, in the process and in the file. */
struct piece {
	uint64_t at; /* page of the file */
	size_t offset, size; /* in the buffer; what has not been read is not in its size */
};

struct batch {
	size_t size, nr;
	struct iovec from[BATCH_PAGES]; /* in the process */
	struct piece pieces[BATCH_PAGES];
	uint8_t buffer[BATCH_PAGES * PROC_PAGE_SIZE];
};

struct copier {
	pid_t pid;
	struct image_file *file;
	int memory; /* /proc/PID/mem, -1: not needed yet */
	struct dump_runs *missed; /* NULL: the process is stopped, and nothing may be missed */
	struct batch *batch; /* to which is added */

	bool threaded;
	pthread_t thread;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	size_t handed, written; /* batches, since the beginning */
	bool ended;
	int ret; /* of writing */

	struct batch batches[NR_BATCHES];
};

int copier_open(struct copier **out, pid_t pid, struct image_file *file, struct dump_runs *missed)
{
	struct copier *copier = malloc(sizeof(*copier));

	*out = copier;
	if (!copier)
		return -ENOMEM;
	copier->pid = pid;
	copier->file = file;
	copier->memory = -1;
	copier->missed = missed;
	copier->batch = &copier->batches[0];
	copier->batch->size = copier->batch->nr = 0;
	copier->threaded = copier->ended = false;
	copier->handed = copier->written = 0;
	copier->ret = 0;
	pthread_mutex_init(&copier->mutex, NULL);
	pthread_cond_init(&copier->changed, NULL);
	return 0;
}

/* Reading ------------------------------------------------------------------------------------------ */

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
		else if (copier->missed)
			break;
		else
			return n < 0 ? -errno : -EFAULT;
	}
	return done;
}

static int note_missed(const struct copier *copier, const struct iovec *from, size_t got)
{
	uint64_t first = (uintptr_t)from->iov_base / PROC_PAGE_SIZE + got / PROC_PAGE_SIZE;
	uint64_t end = ((uintptr_t)from->iov_base + from->iov_len) / PROC_PAGE_SIZE;

	return first < end ? runs_add(copier->missed, first * PROC_PAGE_SIZE, end - first, first) : 0;
}

/* What could not be read with all others, mostly since it is PROT_NONE: which this way does not mind. */
static int read_slowly(struct copier *copier, struct batch *batch, size_t first)
{
	int opened = open_memory(copier), ret = copier->missed ? 0 : opened;

	for (size_t i = first; !ret && i < batch->nr; i++) {
		ssize_t got = opened ? 0
				     : read_memory(copier, batch->buffer + batch->pieces[i].offset,
						   &batch->from[i]);

		if (got < 0)
			return got;
		batch->pieces[i].size = got;
		if (copier->missed)
			ret = note_missed(copier, &batch->from[i], got);
	}
	return ret;
}

static int read_batch(struct copier *copier, struct batch *batch)
{
	struct iovec local = { batch->buffer, batch->size };
	ssize_t got = process_vm_readv(copier->pid, &local, 1, batch->from, batch->nr, 0);
	size_t nr = 0, size = got < 0 ? 0 : got;

	while (nr < batch->nr && batch->pieces[nr].offset + batch->pieces[nr].size <= size)
		nr++;
	return nr < batch->nr ? read_slowly(copier, batch, nr) : 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

/* Pieces that follow each other are written together. */
static int write_batch(struct copier *copier, const struct batch *batch)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < batch->nr;) {
		const struct piece *first = &batch->pieces[i++];
		uint64_t at = first->at * PROC_PAGE_SIZE;
		size_t size = first->size;

		while (i < batch->nr && batch->pieces[i].offset == first->offset + size &&
		       batch->pieces[i].at * PROC_PAGE_SIZE == at + size)
			size += batch->pieces[i++].size;
		ret = image_file_write(copier->file, at, batch->buffer + first->offset, size);
	}
	return ret;
}

static void *write_batches(void *data)
{
	struct copier *copier = data;

	pthread_mutex_lock(&copier->mutex);
	for (;;) {
		int ret = copier->ret;

		while (copier->written == copier->handed && !copier->ended)
			pthread_cond_wait(&copier->changed, &copier->mutex);
		if (copier->written == copier->handed)
			break;
		pthread_mutex_unlock(&copier->mutex);
		ret = ret ?: write_batch(copier, &copier->batches[copier->written % NR_BATCHES]);
		pthread_mutex_lock(&copier->mutex);
		copier->ret = ret;
		copier->written++;
		pthread_cond_signal(&copier->changed);
	}
	pthread_mutex_unlock(&copier->mutex);
	return NULL;
}

/* Waits for what it has still to write. Returns: 0 or a negative errno value. */
static int end_thread(struct copier *copier)
{
	if (copier->threaded) {
		pthread_mutex_lock(&copier->mutex);
		copier->ended = true;
		pthread_cond_signal(&copier->changed);
		pthread_mutex_unlock(&copier->mutex);
		pthread_join(copier->thread, NULL);
		copier->threaded = false;
	}
	return copier->ret;
}

/* Gives a batch to the thread, and takes one that it has written. */
static int hand_over(struct copier *copier)
{
	int ret;

	pthread_mutex_lock(&copier->mutex);
	copier->handed++;
	pthread_cond_signal(&copier->changed);
	while (copier->handed - copier->written == NR_BATCHES)
		pthread_cond_wait(&copier->changed, &copier->mutex);
	ret = copier->ret;
	pthread_mutex_unlock(&copier->mutex);
	copier->batch = &copier->batches[copier->handed % NR_BATCHES];
	return ret;
}

/* Copying ------------------------------------------------------------------------------------------ */

static int flush(struct copier *copier, bool last)
{
	int ret = read_batch(copier, copier->batch);

	if (ret)
		return ret;
	if (!last && !copier->threaded)
		copier->threaded = thread_start(&copier->thread, write_batches, copier);
	if (!last && copier->threaded)
		ret = hand_over(copier);
	else
		ret = end_thread(copier) ?: write_batch(copier, copier->batch);
	copier->batch->size = copier->batch->nr = 0;
	return ret;
}

int copier_add(struct copier *copier, uint64_t start, uint64_t nr, uint64_t at)
{
	int ret = 0;

	while (nr && !ret) {
		struct batch *batch = copier->batch;
		uint64_t room = BATCH_PAGES - batch->size / PROC_PAGE_SIZE;
		uint64_t n = nr < room ? nr : room;
		size_t size = n * PROC_PAGE_SIZE;

		batch->from[batch->nr] = (struct iovec){ (void *)(uintptr_t)start, size };
		batch->pieces[batch->nr++] = (struct piece){ at, batch->size, size };
		batch->size += size;
		start += size;
		at += n;
		nr -= n;
		if (n == room)
			ret = flush(copier, false);
	}
	return ret;
}

int copier_close(struct copier *copier, int ret)
{
	int written;

	if (!ret && copier->batch->nr)
		ret = flush(copier, true);
	written = end_thread(copier);
	if (copier->memory >= 0)
		close(copier->memory);
	pthread_cond_destroy(&copier->changed);
	pthread_mutex_destroy(&copier->mutex);
	free(copier);
	return ret ?: written;
}
