// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crlock/show/memory.h"
#include "image/pages.h"

static int no_memory(const struct shown_sources *sources)
{
	return image_error(sources->error, -ENOMEM, sources->path, "%s", strerror(ENOMEM));
}

/* Only which pages there are is wanted: of many images that are remembered none stays open. */
static int open_pages(struct image_pages *pages, const struct shown_sources *sources, const char *name)
{
	int ret = image_pages_open(pages, sources->dir, sources->path, name, sources->error);

	if (!ret && pages->fd >= 0) {
		close(pages->fd);
		pages->fd = -1;
	}
	return ret;
}

/* How many bytes of a range there are. */
static uint64_t count(const struct image_pages *pages, uint64_t start, uint64_t size)
{
	uint64_t end = size > UINT64_MAX - start ? UINT64_MAX : start + size, sum = 0;

	for (size_t i = image_pages_find(pages, start); i < pages->nr; i++) {
		const struct image_run *run = &pages->runs[i];
		uint64_t from = run->start > start ? run->start : start;
		uint64_t to = run->start + run->size < end ? run->start + run->size : end;

		if (run->start >= end)
			break;
		sum += to - from;
	}
	return sum;
}

/* What is mapped: shared memory has pages of its own, others have those of the process. */
struct shared {
	uint64_t id; /* 0: none */
	bool may_lack; /* memory that nobody wrote to has no image */
};

static struct shared shared_of(const struct shown_files *files, const Image__VmaEntry *vma)
{
	const Image__MemfdInodeEntry *memfd;
	const struct shown_file *file;

	if (vma->status & SAVED_VMA_ANON_SHARED)
		return (struct shared){ vma->shmid, false };
	if (!(vma->status & SAVED_VMA_FILE_SHARED) || vma->shmid > UINT32_MAX)
		return (struct shared){ 0 };
	file = shown_files_find(files, vma->shmid);
	memfd = file ? shown_files_memfd(files, file) : NULL;
	return (struct shared){ memfd ? memfd->shmid : 0, true };
}

/* It can be mapped often, and is read once. */
static int find_shared(struct image_pages **out, struct shown_sources *sources, const struct shared *shared)
{
	void **place = lock_cache_get(&sources->shared, shared->id);
	struct image_pages *pages;
	char name[64];

	if (!place)
		return no_memory(sources);
	*out = *place;
	if (*out)
		return 0;
	pages = calloc(1, sizeof(*pages));
	if (!pages)
		return no_memory(sources);
	*place = *out = pages;
	pages->fd = -1;
	snprintf(name, sizeof(name), "pagemap-shmem-%" PRIu64 ".img", shared->id);
	if (shared->may_lack && faccessat(sources->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return 0;
	return open_pages(pages, sources, name);
}

static int count_mapping(uint64_t *dumped, struct shown_sources *sources, const struct image_pages *pages,
			 const Image__VmaEntry *vma)
{
	struct shared shared = shared_of(sources->files, vma);
	struct image_pages *its_pages = NULL;
	int ret;

	if (!shared.id) {
		*dumped = count(pages, vma->start, vma->end - vma->start);
		return 0;
	}
	ret = find_shared(&its_pages, sources, &shared);
	if (!ret && its_pages)
		*dumped = count(its_pages, vma->pgoff, vma->end - vma->start);
	return ret;
}

int shown_memory_read(struct shown_memory *memory, struct shown_sources *sources,
		      const struct saved_process *process)
{
	const Image__MmEntry *mm = process->mm;
	struct image_pages pages;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "pagemap-%d.img", process->pid);
	ret = open_pages(&pages, sources, name);
	if (ret)
		return ret;
	memory->dumped = calloc(mm->n_vmas + 1, sizeof(*memory->dumped));
	if (!memory->dumped)
		ret = no_memory(sources);
	for (size_t i = 0; memory->dumped && i < mm->n_vmas && !ret; i++) {
		ret = count_mapping(&memory->dumped[i], sources, &pages, mm->vmas[i]);
		memory->mapped += mm->vmas[i]->end - mm->vmas[i]->start;
		memory->total += memory->dumped[i];
	}
	image_pages_close(&pages);
	return ret;
}

static void free_pages(void *value)
{
	if (!value)
		return;
	image_pages_close(value);
	free(value);
}

void shown_sources_free(struct shown_sources *sources)
{
	lock_cache_free(&sources->shared, free_pages);
}
