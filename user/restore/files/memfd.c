// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of memfd_create(2), and shared memory without a name, which CRIU takes for the same: its name is "/dev/zero"
 * then. Each inode is made once and filled; descriptions are opened anew through its descriptor. Seals come last,
 * when all that is to be mapped is mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/pages.h"
#include "memfd.pb-c.h"
#include "restore/files/path.h"

#define NAME_OF_ANONYMOUS "/dev/zero"

/* At once from the image. */
#define PART (256UL << 10)

/* O_LARGEFILE of the kernel, which is 0 in the C library's headers. */
#define LARGEFILE 0100000

struct memfd {
	Image__MemfdInodeEntry *entry;
	int fd; /* -1: not made yet, or not needed */
	bool sealed, given;
};

struct memfds {
	struct memfd *memfds; /* by inode_id */
	size_t nr;
};

static bool describe(struct restored_file *file)
{
	const Image__MemfdFileEntry *memfd = file->entry->memfd;

	if (!memfd || memfd->id != file->id)
		return false;
	file->flags = memfd->flags;
	file->fown = memfd->fown;
	return true;
}

/* Reading ------------------------------------------------------------------------------------------ */

static int take(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		void *data, const struct image_error *error)
{
	struct memfds *memfds = data;
	struct memfd *memfd = files_append(&memfds->memfds, &memfds->nr, sizeof(*memfd));

	(void)files;
	if (!memfd) {
		protobuf_c_message_free_unpacked(message, NULL);
		return -ENOMEM;
	}
	memfd->entry = (Image__MemfdInodeEntry *)message;
	memfd->fd = -1;
	if (memfd->entry->size > INT64_MAX - IMAGE_PAGE_SIZE)
		return image_reader_wrong(reader, error, "a size makes no sense");
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct memfd *x = a, *y = b;

	return (x->entry->inode_id > y->entry->inode_id) - (x->entry->inode_id < y->entry->inode_id);
}

static int read_inodes(struct restore_files *files, const struct image_error *error)
{
	struct memfds *memfds = calloc(1, sizeof(*memfds));
	int ret;

	files->rooms.memfds = memfds;
	if (!memfds)
		return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
	ret = files_read_image(files, "memfd.img", IMAGE_MAGIC_MEMFD, &image__memfd_inode_entry__descriptor,
			       take, memfds, error);
	if (ret || !memfds->nr)
		return ret;
	qsort(memfds->memfds, memfds->nr, sizeof(*memfds->memfds), compare);
	for (size_t i = 1; i < memfds->nr; i++) {
		if (!compare(&memfds->memfds[i - 1], &memfds->memfds[i]))
			return image_error(error, -EBADMSG, files->path,
					   "memfd.img: inode %llu is there twice",
					   (unsigned long long)memfds->memfds[i].entry->inode_id);
	}
	return 0;
}

static struct memfd *find(const struct restore_files *files, const struct restored_file *file)
{
	const struct memfds *memfds = files->rooms.memfds;
	Image__MemfdInodeEntry entry = { .inode_id = file->entry->memfd->inode_id };
	struct memfd wanted = { .entry = &entry };

	if (!memfds->nr)
		return NULL;
	return bsearch(&wanted, memfds->memfds, memfds->nr, sizeof(wanted), compare);
}

static int validate(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	return find(files, file) ? 0 : files_wrong(files, file, error, "its inode is not recorded");
}

/* Making it ---------------------------------------------------------------------------------------- */

static int copy_run(int fd, const struct image_pages *pages, const struct image_run *run, void *part)
{
	for (uint64_t done = 0; done < run->size; done += PART) {
		size_t size = run->size - done < PART ? run->size - done : PART;
		int ret = image_pages_read(pages, run->start + done, part, size);

		if (ret)
			return ret;
		/* Memory that comes short has no room for the rest. */
		errno = ENOSPC;
		if (pwrite(fd, part, size, run->start + done) != (ssize_t)size)
			return -errno;
	}
	return 0;
}

/* The last page of the image is a whole one. */
static int copy_all(int fd, const Image__MemfdInodeEntry *entry, const struct image_pages *pages)
{
	uint64_t end = (entry->size + IMAGE_PAGE_SIZE - 1) / IMAGE_PAGE_SIZE * IMAGE_PAGE_SIZE;
	void *part = malloc(PART);
	int ret = part ? 0 : -ENOMEM;

	for (size_t i = 0; i < pages->nr && !ret; i++) {
		if (pages->runs[i].start > end || pages->runs[i].size > end - pages->runs[i].start)
			ret = -EBADMSG;
		else
			ret = copy_run(fd, pages, &pages->runs[i], part);
	}
	free(part);
	return ret;
}

static int fill(struct restore_files *files, int fd, const Image__MemfdInodeEntry *entry,
		const struct image_error *error)
{
	struct image_pages pages;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "pagemap-shmem-%u.img", entry->shmid);
	ret = image_pages_open(&pages, files->dir, files->path, name, error);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	ret = copy_all(fd, entry, &pages);
	image_pages_close(&pages);
	if (!ret && ftruncate(fd, entry->size))
		ret = -errno;
	return ret ? image_error(error, ret, files->path, "%s: %s", name, strerror(-ret)) : 0;
}

/* The kernel gives no descriptor for memory without a name, but its link in map_files leads to it. */
static int make_anonymous(const Image__MemfdInodeEntry *entry)
{
	char name[80];
	void *at;
	int fd;

	at = mmap(NULL, entry->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		  0);
	if (at == MAP_FAILED)
		return -errno;
	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
		 (unsigned long)at + entry->size);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	munmap(at, entry->size);
	return fd;
}

/* Returns: a descriptor or -errno. */
static int make_inode(const Image__MemfdInodeEntry *entry)
{
	int fd;

	if (entry->hugetlb_flag)
		return -EOPNOTSUPP;
	if (entry->size && entry->size % IMAGE_PAGE_SIZE == 0 && !strcmp(entry->name, NAME_OF_ANONYMOUS))
		return make_anonymous(entry);
	fd = memfd_create(entry->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int make(struct restore_files *files, struct memfd *memfd, const struct image_error *error)
{
	const Image__MemfdInodeEntry *entry = memfd->entry;
	int fd = files_move(files, make_inode(entry)), ret;

	if (fd < 0)
		return image_error(error, fd, entry->name, "this file in memory cannot be made: %s",
				   strerror(-fd));
	memfd->fd = fd;
	if (ftruncate(fd, entry->size) || fchown(fd, entry->uid, entry->gid)) {
		ret = -errno;
		return image_error(error, ret, entry->name, "%s", strerror(errno));
	}
	return fill(files, fd, entry, error);
}

/*
 * The kernel counts the description that memfd_create(2) makes as no writer, so that it does not keep leases to read
 * from being taken, as one does that was opened. The first that can have been that one becomes it.
 */
static int open_description(struct memfd *memfd, uint32_t flags)
{
	int fd, ret;

	if (memfd->given || (flags & ~(O_APPEND | O_NONBLOCK | O_ASYNC | LARGEFILE)) != O_RDWR)
		return path_reopen(memfd->fd, flags);
	fd = fcntl(memfd->fd, F_DUPFD_CLOEXEC, 0);
	ret = fd < 0 ? -errno : files_set_flags(fd, flags);
	if (ret && fd >= 0)
		close(fd);
	memfd->given = !ret;
	return ret ? ret : fd;
}

static int open_memfd(struct restore_files *files, struct restored_file *file,
		      const struct image_error *error)
{
	struct memfd *memfd = find(files, file);
	off_t pos = file->entry->memfd->pos;
	int ret = memfd->fd < 0 ? make(files, memfd, error) : 0, fd;

	if (ret)
		return ret;
	fd = open_description(memfd, file->flags);
	ret = files_keep(files, file, fd, error);
	if (ret || !pos || file->flags & O_PATH)
		return ret;
	return lseek(file->fd, pos, SEEK_SET) == pos ? 0 : files_fail(files, file, error);
}

static int finish(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	struct memfd *memfd = find(files, file);
	uint32_t seals = memfd->entry->seals;

	if (memfd->sealed)
		return 0;
	memfd->sealed = true;
	/* Memory without a name has its seal from the beginning. */
	if (!seals || fcntl(memfd->fd, F_GET_SEALS) == (int)seals)
		return 0;
	return fcntl(memfd->fd, F_ADD_SEALS, seals) ? files_fail(files, file, error) : 0;
}

static void close_inodes(struct restore_files *files)
{
	struct memfds *memfds = files->rooms.memfds;

	for (size_t i = 0; memfds && i < memfds->nr; i++) {
		if (memfds->memfds[i].fd >= 0)
			close(memfds->memfds[i].fd);
		memfds->memfds[i].fd = -1;
	}
}

static void free_inodes(struct restore_files *files)
{
	struct memfds *memfds = files->rooms.memfds;

	if (!memfds)
		return;
	close_inodes(files);
	for (size_t i = 0; i < memfds->nr; i++)
		image__memfd_inode_entry__free_unpacked(memfds->memfds[i].entry, NULL);
	free(memfds->memfds);
	free(memfds);
}

const struct file_kind memfd_kind = {
	.name = "memfd",
	.describe = describe,
	.read = read_inodes,
	.validate = validate,
	.open = open_memfd,
	.finish = finish,
	.abandon = close_inodes,
	.free = free_inodes,
};
