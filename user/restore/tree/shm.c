// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/pages.h"
#include "image/progress.h"
#include "restore/tree/shm.h"

static struct shm *find(const struct shms *shms, uint64_t id)
{
	size_t at;

	return image_lookup_find(&shms->by_id, id, &at) ? &shms->all[at] : NULL;
}

/* Processes may map parts: it is as large as the largest needs. */
static int note(struct shms *shms, const Image__VmaEntry *vma)
{
	uint64_t size = vma->pgoff + (vma->end - vma->start);
	struct shm *shm = find(shms, vma->shmid);

	if (!shm) {
		shm = reallocarray(shms->all, shms->nr + 1, sizeof(*shm));
		if (!shm)
			return -ENOMEM;
		shms->all = shm;
		if (image_lookup_add(&shms->by_id, vma->shmid, shms->nr))
			return -ENOMEM;
		shm += shms->nr++;
		*shm = (struct shm){ .id = vma->shmid, .fd = -1 };
	}
	if (size > shm->size)
		shm->size = size;
	return 0;
}

static int note_all(struct shms *shms, const struct saved_tree *tree)
{
	int ret = 0;

	for (size_t i = 0; i < tree->nr; i++) {
		const Image__MmEntry *mm = tree->processes[i].mm;

		for (size_t j = 0; mm && j < mm->n_vmas && !ret; j++) {
			if (mm->vmas[j]->status & SAVED_VMA_ANON_SHARED)
				ret = note(shms, mm->vmas[j]);
		}
	}
	return ret;
}

/* The kernel gives no descriptor for such memory, but its link in map_files leads to it. */
static int open_mapping(void *at, uint64_t size, int lowest)
{
	char name[80];
	int fd, high;

	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
		 (unsigned long)at + size);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	high = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
	if (high < 0)
		high = -errno;
	close(fd);
	return high;
}

static uint64_t size_of(const struct image_pages *pages)
{
	uint64_t size = 0;

	for (size_t i = 0; i < pages->nr; i++)
		size += pages->runs[i].size;
	return size;
}

static int fill(const struct shm *shm, char *at, int dir, const char *path, const struct image_error *error)
{
	struct image_pages pages;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "pagemap-shmem-%llu.img", (unsigned long long)shm->id);
	ret = image_pages_open(&pages, dir, path, name, error);
	if (ret)
		return ret == -ENOENT ? -EBADMSG : ret;
	progress_begin("restoring shared memory", size_of(&pages));
	for (size_t i = 0; i < pages.nr && !ret; i++) {
		const struct image_run *run = &pages.runs[i];

		if (run->start >= shm->size || run->size > shm->size - run->start)
			ret = image_error(error, -EBADMSG, path, "%s: has more than is mapped", name);
		else
			ret = image_pages_read(&pages, run->start, at + run->start, run->size);
	}
	progress_end();
	image_pages_close(&pages);
	return ret;
}

static int make(struct shm *shm, int dir, const char *path, int lowest, const struct image_error *error)
{
	char *at = mmap(NULL, shm->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	int ret;

	if (at == MAP_FAILED)
		return image_error(error, -errno, path, "%llu bytes of shared memory: %s",
				   (unsigned long long)shm->size, strerror(errno));
	ret = fill(shm, at, dir, path, error);
	if (!ret) {
		shm->fd = open_mapping(at, shm->size, lowest);
		if (shm->fd < 0)
			ret = image_error(error, shm->fd, path, "shared memory: %s", strerror(-shm->fd));
	}
	munmap(at, shm->size);
	return ret;
}

int shms_make(struct shms *shms, const struct saved_tree *tree, int dir, const char *path, int lowest,
	      const struct image_error *error)
{
	int ret;

	*shms = (struct shms){ 0 };
	ret = note_all(shms, tree);
	if (ret)
		return image_error(error, ret, path, "%s", strerror(-ret));
	for (size_t i = 0; i < shms->nr && !ret; i++)
		ret = make(&shms->all[i], dir, path, lowest, error);
	return ret;
}

void shms_free(struct shms *shms)
{
	for (size_t i = 0; i < shms->nr; i++) {
		if (shms->all[i].fd >= 0)
			close(shms->all[i].fd);
	}
	free(shms->all);
	image_lookup_free(&shms->by_id);
	*shms = (struct shms){ 0 };
}

int shms_fd(const struct shms *shms, uint64_t id)
{
	const struct shm *shm = find(shms, id);

	return shm ? shm->fd : -1;
}
