// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ghost-file.pb-c.h"
#include "restore/files/ghost.h"
#include "restore/files/names.h"

struct ghost {
	struct image_reader reader;
	Image__GhostFileEntry *entry;
};

static int wrong(const struct ghost *ghost, const struct image_error *error)
{
	return image_reader_wrong(&ghost->reader, error, "the record makes no sense");
}

static bool is_kind(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFSOCK:
		return true;
	}
	return false;
}

static bool is_entry(const Image__GhostFileEntry *entry)
{
	return !(entry->mode & ~(uint32_t)(S_IFMT | 07777)) && is_kind(entry->mode) &&
	       entry->size <= INT64_MAX && (!S_ISLNK(entry->mode) || entry->symlnk_target) &&
	       (!entry->chunks || entry->has_size);
}

static void close_ghost(struct ghost *ghost)
{
	if (ghost->entry)
		image__ghost_file_entry__free_unpacked(ghost->entry, NULL);
	image_reader_close(&ghost->reader);
}

static int open_ghost(struct restore_files *files, struct ghost *ghost, uint32_t id,
		      const struct image_error *error)
{
	ProtobufCMessage *message = NULL;
	char name[64];
	int ret;

	*ghost = (struct ghost){ 0 };
	snprintf(name, sizeof(name), "ghost-file-%x.img", id);
	ret = image_reader_open(&ghost->reader, files->dir, files->path, name, IMAGE_MAGIC_GHOST_FILE, error);
	if (ret)
		return ret;
	ret = image_read(&ghost->reader, &image__ghost_file_entry__descriptor, &message, error);
	ghost->entry = (Image__GhostFileEntry *)message;
	if (!ret && (!message || !is_entry(ghost->entry)))
		ret = wrong(ghost, error);
	if (ret)
		close_ghost(ghost);
	return ret;
}

int ghost_validate(struct restore_files *files, uint32_t id, const struct image_error *error)
{
	struct ghost ghost;
	int ret = open_ghost(files, &ghost, id, error);

	if (!ret)
		close_ghost(&ghost);
	return ret;
}

/* Content ------------------------------------------------------------------------------------------ */

static int fails(const char *path, int err, const struct image_error *error)
{
	return image_error(error, -err, path, "the unlinked file cannot be made again: %s", strerror(err));
}

static int write_all(int fd, const char *bytes, size_t size, off_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, bytes, size, offset);

		if (n < 0)
			return -errno;
		bytes += n;
		offset += n;
		size -= n;
	}
	return 0;
}

/* @len: UINT64_MAX: all that is left */
static int copy(struct ghost *ghost, int fd, off_t offset, uint64_t len, const char *path,
		const struct image_error *error)
{
	char buf[65536];
	int ret = 0;

	while (len && !ret) {
		size_t wanted = len < sizeof(buf) ? len : sizeof(buf);
		size_t n = fread(buf, 1, wanted, ghost->reader.file);

		if (n < wanted && (len != UINT64_MAX || ferror(ghost->reader.file)))
			return image_reader_short(&ghost->reader, error);
		ret = write_all(fd, buf, n, offset);
		if (n < wanted)
			break;
		offset += n;
		len -= len == UINT64_MAX ? 0 : n;
		ghost->reader.next += n;
	}
	return ret ? fails(path, -ret, error) : 0;
}

static int copy_chunk(struct ghost *ghost, int fd, const Image__GhostChunkEntry *chunk, const char *path,
		      const struct image_error *error)
{
	if (chunk->off > ghost->entry->size || chunk->len > ghost->entry->size - chunk->off)
		return wrong(ghost, error);
	return copy(ghost, fd, chunk->off, chunk->len, path, error);
}

static int copy_chunks(struct ghost *ghost, int fd, const char *path, const struct image_error *error)
{
	ProtobufCMessage *message;
	int ret;

	if (ftruncate(fd, ghost->entry->size))
		return fails(path, errno, error);
	while (!(ret = image_read(&ghost->reader, &image__ghost_chunk_entry__descriptor, &message, error)) &&
	       message) {
		ret = copy_chunk(ghost, fd, (Image__GhostChunkEntry *)message, path, error);
		protobuf_c_message_free_unpacked(message, NULL);
		if (ret)
			break;
	}
	return ret;
}

static int make_content(struct ghost *ghost, int fd, const char *path, const struct image_error *error)
{
	if (!S_ISREG(ghost->entry->mode))
		return 0;
	return ghost->entry->chunks ? copy_chunks(ghost, fd, path, error)
				    : copy(ghost, fd, 0, UINT64_MAX, path, error);
}

/* What it is --------------------------------------------------------------------------------------- */

/*
 * From here on only the descriptor counts: the directory may be one of a user who renames what is in it, and puts a
 * link there to what is to get another owner and mode.
 * Returns: a descriptor, for writing if it is a regular file, else with O_PATH, or -errno.
 */
static int make_inode(const Image__GhostFileEntry *entry, int parent, const char *base, bool *made)
{
	int ret;

	switch (entry->mode & S_IFMT) {
	case S_IFREG:
		ret = openat(parent, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		*made = ret >= 0;
		return ret < 0 ? -errno : ret;
	case S_IFDIR:
		ret = mkdirat(parent, base, 0700);
		break;
	case S_IFLNK:
		ret = symlinkat(entry->symlnk_target, parent, base);
		break;
	default:
		ret = mknodat(parent, base, (entry->mode & S_IFMT) | 0600, entry->rdev);
	}
	*made = !ret;
	return ret ? -errno : names_open(parent, base, entry->mode);
}

/* The owner first, for a change of it takes set-user-ID away; times last. */
static int set_attributes(const Image__GhostFileEntry *entry, int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	int ret = names_give(fd, entry->uid, entry->gid, entry->mode);

	if (ret)
		return ret;
	if (entry->atim)
		times[0] = (struct timespec){ entry->atim->tv_sec, entry->atim->tv_usec % 1000000 * 1000 };
	if (entry->mtim)
		times[1] = (struct timespec){ entry->mtim->tv_sec, entry->mtim->tv_usec % 1000000 * 1000 };
	return utimensat(fd, "", times, AT_EMPTY_PATH) ? -errno : 0;
}

/* Returns: a descriptor of the same with O_PATH, for all to be opened from, or -errno. */
static int without_access(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return files_result(open(path, O_PATH | O_CLOEXEC));
}

static int fill(struct ghost *ghost, int fd, const char *path, const struct image_error *error)
{
	int ret = make_content(ghost, fd, path, error), err;

	if (ret)
		return ret;
	err = set_attributes(ghost->entry, fd);
	return err ? fails(path, -err, error) : 0;
}

static int make(struct restore_files *files, struct ghost *ghost, int parent, const char *path,
		ssize_t *number, const struct image_error *error)
{
	const char *base = names_unique();
	bool made;
	int fd, ret;

	*number = names_note(files, parent, base, S_ISDIR(ghost->entry->mode), 0);
	if (*number < 0)
		return fails(path, -*number, error);
	fd = make_inode(ghost->entry, parent, base, &made);
	if (!made) {
		names_drop(files);
		*number = -1;
	}
	if (fd < 0)
		return fails(path, -fd, error);
	ret = fill(ghost, fd, path, error);
	if (!ret && S_ISREG(ghost->entry->mode)) {
		ret = without_access(fd);
		close(fd);
		return ret < 0 ? fails(path, -ret, error) : ret;
	}
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int ghost_make(struct restore_files *files, uint32_t id, const char *path, ssize_t *number,
	       const struct image_error *error)
{
	struct ghost ghost;
	const char *base;
	int parent, ret = open_ghost(files, &ghost, id, error);

	if (ret)
		return ret;
	parent = names_parent(files, path, &base);
	if (parent < 0) {
		ret = fails(path, -parent, error);
	} else {
		ret = make(files, &ghost, parent, path, number, error);
		close(parent);
	}
	close_ghost(&ghost);
	return ret;
}
