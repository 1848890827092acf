// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/pages.h"
#include "dump/shmem.h"
#include "procfs/pagemap.h"

int shmem_add(struct dump *dump, pid_t pid, const struct proc_map *map, uint64_t *shmid)
{
	struct dump_shmem *larger;

	*shmid = map->ino;
	for (size_t i = 0; i < dump->nr_shmems; i++) {
		if (dump->shmems[i].shmid == map->ino)
			return 0;
	}
	larger = reallocarray(dump->shmems, dump->nr_shmems + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	dump->shmems = larger;
	larger[dump->nr_shmems++] = (struct dump_shmem){ map->ino, pid, map->start, map->end };
	return 0;
}

/* The next stretch of a file that is no hole, in whole pages. Returns: 1, 0 at the end, or an error. */
static int next_data(int fd, off_t *start, off_t *end)
{
	off_t data = lseek(fd, *end, SEEK_DATA), hole;

	if (data < 0)
		return errno == ENXIO ? 0 : -errno;
	hole = lseek(fd, data, SEEK_HOLE);
	if (hole < 0)
		return -errno;
	*start = data / PROC_PAGE_SIZE * PROC_PAGE_SIZE;
	*end = (hole + PROC_PAGE_SIZE - 1) / PROC_PAGE_SIZE * PROC_PAGE_SIZE;
	return 1;
}

static int copy_content(int fd, struct dump_pages *pages)
{
	off_t start = 0, end = 0;
	int ret;

	while ((ret = next_data(fd, &start, &end)) > 0) {
		uint64_t nr = (end - start) / PROC_PAGE_SIZE;

		ret = runs_add(&pages->runs, start, nr, pages->end);
		ret = ret
			      ?: image_file_copy(pages->file, pages->end * PROC_PAGE_SIZE, fd, start,
						 end - start);
		if (ret)
			return ret;
		pages->end += nr;
	}
	/* The last page may have been cut by the end of the file. */
	return ret ?: image_file_truncate(pages->file, pages->end * PROC_PAGE_SIZE);
}

static int shmem_write_content(int fd, uint64_t shmid, struct image_directory *directory,
			       const struct image_error *error)
{
	struct dump_pages pages;
	char name[48];
	int ret = pages_open(&pages, directory, error);

	if (ret)
		return ret;
	snprintf(name, sizeof(name), "pagemap-shmem-%" PRIu64 ".img", shmid);
	ret = copy_content(fd, &pages);
	if (ret)
		image_error(error, ret, directory->path, "%s: %s", name, strerror(-ret));
	ret = ret ?: pages_write_map(&pages, name, directory, error);
	return pages_close(&pages, ret, directory, error);
}

struct writing {
	struct image_directory *directory;
	const struct image_error *error;
};

static int write_memory(const struct dump_files_memory *memory, void *data)
{
	const struct writing *writing = data;

	return shmem_write_content(memory->fd, memory->shmid, writing->directory, writing->error);
}

int shmem_write(const struct dump *dump, struct image_directory *directory, const struct image_error *error)
{
	struct writing writing = { directory, error };
	int ret = dump_files_each_memory(dump->files, write_memory, &writing);

	for (size_t i = 0; !ret && i < dump->nr_shmems; i++) {
		const struct dump_shmem *shmem = &dump->shmems[i];
		char path[96];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, shmem->pid,
			 shmem->start, shmem->end);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return image_error(error, -errno, path, "%s", strerror(errno));
		ret = shmem_write_content(fd, shmem->shmid, directory, error);
		close(fd);
	}
	return ret;
}
