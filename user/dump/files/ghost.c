// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dump/files/ghost.h"
#include "dump/files/source.h"
#include "ghost-file.pb-c.h"
#include "image/magic.h"

struct ghost {
	struct inode inode;
	const struct dump_file *file; /* one that its content is read through */
	uint32_t id;
};

/* Content is copied in pieces of this size. */
#define PIECE (256UL << 10)

static bool is_readable(const struct dump_file *file)
{
	return file->source.fd >= 0 && !(file->flags & O_PATH) && (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool can_be_made(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISFIFO(mode) || S_ISCHR(mode);
}

int ghost_add(struct dump_files *files, const struct dump_file *file)
{
	struct ghost *ghost = inodes_find(&files->ghosts, file->stat.dev, file->stat.ino);

	if (!can_be_made(file->stat.mode)) {
		file_block(files, file, "%s: it is deleted, and no file that can be made anew", file->path);
		return 0;
	}
	if (ghost) {
		if (!is_readable(ghost->file) && is_readable(file))
			ghost->file = file;
		return 0;
	}
	ghost = inodes_add(&files->ghosts, file->stat.dev, file->stat.ino, sizeof(*ghost));
	if (!ghost)
		return -ENOMEM;
	ghost->file = file;
	ghost->id = files->ghosts.nr;
	return 0;
}

uint32_t ghost_id(const struct dump_files *files, const struct dump_file *file)
{
	const struct ghost *ghost = inodes_find(&files->ghosts, file->stat.dev, file->stat.ino);

	return ghost->id;
}

static const struct ghost *ghost_of(const struct inode *inode)
{
	return (const struct ghost *)inode;
}

int ghosts_check(struct dump_files *files)
{
	for (const struct inode *i = files->ghosts.first; i; i = i->next) {
		const struct dump_file *file = ghost_of(i)->file;
		int fd;

		if (!S_ISREG(file->stat.mode))
			continue;
		fd = source_readable(files, file);
		if (fd >= 0)
			close(fd);
		else if (fd == -EAGAIN)
			file_block(files, file,
				   "%s: it is deleted, and to read it would break the lease on it",
				   file->path);
		else
			file_block(files, file, "%s: it is deleted, and cannot be read: %s", file->path,
				   strerror(-fd));
	}
	return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

struct copy {
	const struct dump_files *files;
	struct image_writer *writer;
	const char *path;
	int fd;
	char *piece;
};

static int fails(const struct copy *copy, int error)
{
	return image_error(copy->files->error, error, copy->path, "%s", strerror(-error));
}

/* What is there of a file that became shorter meanwhile is filled up: another process may have it too. */
static int read_piece(const struct copy *copy, off_t at, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(copy->fd, copy->piece + done, size - done, at + done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			break;
		done += n > 0 ? n : 0;
	}
	memset(copy->piece + done, 0, size - done);
	return 0;
}

static int copy_bytes(const struct copy *copy, off_t at, uint64_t length)
{
	int ret = 0;

	while (!ret && length) {
		size_t part = length < PIECE ? length : PIECE;

		ret = read_piece(copy, at, part);
		if (ret)
			return fails(copy, ret);
		ret = image_write_bytes(copy->writer, copy->piece, part, copy->files->error);
		at += part;
		length -= part;
	}
	return ret;
}

static int copy_chunk(const struct copy *copy, off_t at, off_t end)
{
	Image__GhostChunkEntry chunk = IMAGE__GHOST_CHUNK_ENTRY__INIT;
	int ret;

	chunk.off = at;
	chunk.len = end - at;
	ret = image_write(copy->writer, &chunk.base, copy->files->error);
	return ret ? ret : copy_bytes(copy, at, chunk.len);
}

static int copy_chunks(const struct copy *copy, off_t size)
{
	off_t at = 0, end;
	int ret = 0;

	while (!ret && at < size) {
		at = lseek(copy->fd, at, SEEK_DATA);
		if (at < 0 || at >= size)
			break;
		end = lseek(copy->fd, at, SEEK_HOLE);
		if (end < 0 || end > size)
			end = size;
		ret = copy_chunk(copy, at, end);
		at = end;
	}
	return at < 0 && errno != ENXIO ? fails(copy, -errno) : ret;
}

static bool has_holes(const struct statx *st)
{
	return st->stx_blocks * 512 < st->stx_size;
}

/*
 * Where data is, is asked of a description of our own: seeking would move the target's position. If there can be
 * none, holes are read as zeros.
 */
static int copy_sparse(struct copy *copy, const struct dump_file *file, const struct statx *st)
{
	struct dump_files *files = (struct dump_files *)copy->files;
	int own = source_open(files, file);

	if (own < 0)
		return st->stx_size ? copy_chunk(copy, 0, st->stx_size) : 0;
	close(copy->fd);
	copy->fd = own;
	return copy_chunks(copy, st->stx_size);
}

static int copy_content(struct dump_files *files, const struct dump_file *file, const struct statx *st,
			struct image_writer *writer)
{
	struct copy copy = { files, writer, file->path, source_readable(files, file), NULL };
	int ret;

	if (copy.fd < 0)
		return fails(&copy, copy.fd);
	copy.piece = malloc(PIECE);
	if (!copy.piece)
		ret = fails(&copy, -ENOMEM);
	else if (has_holes(st))
		ret = copy_sparse(&copy, file, st);
	else
		ret = copy_bytes(&copy, 0, st->stx_size);
	free(copy.piece);
	close(copy.fd);
	return ret;
}

/* As the kernel has it inside. */
static uint32_t device_number(uint32_t major, uint32_t minor)
{
	return major << 20 | minor;
}

static void set_time(Image__Timeval *time, const struct statx_timestamp *stamp)
{
	image__timeval__init(time);
	time->tv_sec = stamp->tv_sec;
	time->tv_usec = stamp->tv_nsec / 1000;
}

static int write_ghost(struct dump_files *files, const struct dump_file *file, struct image_writer *writer)
{
	Image__GhostFileEntry entry = IMAGE__GHOST_FILE_ENTRY__INIT;
	Image__Timeval atim, mtim;
	struct statx st;
	int ret = source_statx(files, &file->source, &st);

	if (ret)
		return image_error(files->error, ret, file->path, "%s", strerror(-ret));
	set_time(&atim, &st.stx_atime);
	set_time(&mtim, &st.stx_mtime);
	entry.uid = st.stx_uid;
	entry.gid = st.stx_gid;
	entry.mode = st.stx_mode;
	entry.has_dev = true;
	entry.dev = device_number(st.stx_dev_major, st.stx_dev_minor);
	entry.has_ino = true;
	entry.ino = st.stx_ino;
	entry.has_rdev = S_ISCHR(st.stx_mode);
	entry.rdev = device_number(st.stx_rdev_major, st.stx_rdev_minor);
	entry.atim = &atim;
	entry.mtim = &mtim;
	if (S_ISREG(st.stx_mode) && has_holes(&st)) {
		entry.has_chunks = true;
		entry.chunks = true;
		entry.has_size = true;
		entry.size = st.stx_size;
	}
	ret = image_write(writer, &entry.base, files->error);
	if (!ret && S_ISREG(st.stx_mode))
		ret = copy_content(files, file, &st, writer);
	return ret;
}

int ghosts_write(struct dump_files *files)
{
	int ret = 0;

	for (const struct inode *i = files->ghosts.first; !ret && i; i = i->next) {
		const struct ghost *ghost = ghost_of(i);
		struct image_writer writer;
		char name[32];

		snprintf(name, sizeof(name), "ghost-file-%x.img", ghost->id);
		ret = image_writer_open(&writer, files->directory, name, IMAGE_MAGIC_GHOST_FILE,
					files->error);
		if (!ret)
			ret = image_writer_close(&writer, write_ghost(files, ghost->file, &writer),
						 files->error);
	}
	return ret;
}
