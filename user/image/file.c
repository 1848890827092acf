// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/file.h"
#include "image/progress.h"
#include "image/stream.h"

/* So much at once, for progress to be seen. */
#define COPY_MAX (64U << 20)

struct image_file {
	struct image_directory *directory;
	char *name;
	int fd; /* -1: it is in a stream */
	uint32_t member; /* of the stream */
	uint64_t end; /* of what stdio has written */
	struct image_sum sum; /* of what is in a stream nothing is known */
};

static void free_file(struct image_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	image_sum_free(&file->sum);
	free(file->name);
	free(file);
}

int image_file_create(struct image_directory *directory, const char *name, struct image_file **out,
		      const struct image_error *error)
{
	struct image_file *file = calloc(1, sizeof(*file));
	int ret = 0;

	*out = NULL;
	if (file)
		file->name = strdup(name);
	if (!file || !file->name) {
		free(file);
		return image_error(error, -ENOMEM, directory->path, "%s: %s", name, strerror(ENOMEM));
	}
	file->directory = directory;
	file->fd = -1;
	if (directory->stream) {
		ret = stream_create(directory->stream, name, &file->member);
		if (ret)
			image_error(error, ret, directory->path, "%s: %s", name, strerror(-ret));
	} else {
		file->fd = image_directory_create(directory, name, error);
		ret = file->fd < 0 ? file->fd : 0;
	}
	if (ret)
		free_file(file);
	else
		*out = file;
	return ret;
}

/* Bytes -------------------------------------------------------------------------------------------- */

static int write_all(int fd, uint64_t at, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = pwrite(fd, data, size, at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -ENOSPC;
		if (n > 0) {
			data += n;
			at += n;
			size -= n;
		}
	}
	return 0;
}

int image_file_write(struct image_file *file, uint64_t at, const void *data, size_t size)
{
	int ret = 0;

	if (!file->directory->stream) {
		image_sum_add(&file->sum, at, data, size);
		ret = write_all(file->fd, at, data, size);
	} else if (size) {
		ret = stream_write(file->directory->stream, STREAM_WRITE, file->member, at, data, size);
	}
	progress_add(size);
	return ret;
}

/* Through a buffer: into a stream, or where the kernel cannot copy from file to file. */
static int copy_by_hand(struct image_file *file, uint64_t at, int from, off_t from_at, uint64_t size)
{
	static uint8_t buffer[1 << 18];

	while (size) {
		ssize_t n = pread(from, buffer, size < sizeof(buffer) ? size : sizeof(buffer), from_at);
		int ret;

		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		ret = image_file_write(file, at, buffer, n);
		if (ret)
			return ret;
		at += n;
		from_at += n;
		size -= n;
	}
	return 0;
}

int image_file_copy(struct image_file *file, uint64_t at, int from, off_t from_at, uint64_t size)
{
	off_t to = at;

	while (size && file->fd >= 0) {
		off_t begin = to;
		ssize_t n =
			copy_file_range(from, &from_at, file->fd, &to, size < COPY_MAX ? size : COPY_MAX, 0);

		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP ||
			      errno == EBADF))
			break;
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		image_sum_forget(&file->sum, begin, n);
		progress_add(n);
		size -= n;
	}
	return copy_by_hand(file, to, from, from_at, size);
}

int image_file_move(struct image_file *file, uint64_t at, struct image_file *from, uint64_t from_at,
		    uint64_t size)
{
	const struct stream_move move = { htole64(from->member), htole64(from_at), htole64(size) };
	int ret;

	if (file->directory->stream)
		return stream_write(file->directory->stream, STREAM_MOVE, file->member, at, &move,
				    sizeof(move));
	ret = image_file_copy(file, at, from->fd, from_at, size);
	image_sum_forget(&from->sum, from_at, size);
	/* So as not to need room for all of it twice. A filesystem that cannot do it needs it. */
	fallocate(from->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from_at, size);
	return ret;
}

int64_t image_file_size(const struct image_file *file)
{
	struct stat st;

	return fstat(file->fd, &st) ? -errno : st.st_size;
}

int image_file_truncate(struct image_file *file, uint64_t size)
{
	if (file->directory->stream)
		return stream_write(file->directory->stream, STREAM_TRUNCATE, file->member, size, NULL, 0);
	image_sum_truncate(&file->sum, size);
	return ftruncate(file->fd, size) ? -errno : 0;
}

/* The end ------------------------------------------------------------------------------------------ */

int image_file_replace(struct image_file *file, struct image_file *other, const struct image_error *error)
{
	struct image_directory *directory = file->directory;
	int ret;

	if (directory->stream) {
		ret = stream_write(directory->stream, STREAM_REPLACE, file->member, other->member, NULL, 0);
		if (ret)
			image_error(error, ret, directory->path, "%s: %s", other->name, strerror(-ret));
	} else {
		ret = image_directory_replace(directory, file->name, other->name, error);
	}
	if (!ret) {
		char *name = file->name;

		file->name = other->name;
		other->name = name;
	}
	free_file(other);
	return ret;
}

static int note_sum(struct image_file *file)
{
	const struct image_checksum checksum = { .name = file->name, .sum = file->sum };
	int ret = checksums_add(&file->directory->checksums, &checksum);

	if (!ret)
		file->sum = (struct image_sum){ 0 };
	return ret;
}

int image_file_close(struct image_file *file)
{
	int ret = 0;

	if (!file)
		return 0;
	if (file->directory->stream)
		ret = stream_write(file->directory->stream, STREAM_CLOSE, file->member, 0, NULL, 0);
	else
		ret = close(file->fd) ? -errno : note_sum(file);
	file->fd = -1;
	free_file(file);
	return ret;
}

/* stdio -------------------------------------------------------------------------------------------- */

static ssize_t stdio_write(void *data, const char *bytes, size_t size)
{
	struct image_file *file = data;
	int ret = image_file_write(file, file->end, bytes, size);

	if (ret) {
		errno = -ret;
		return 0;
	}
	file->end += size;
	return size;
}

static int stdio_close(void *data)
{
	int ret = image_file_close(data);

	errno = ret ? -ret : errno;
	return ret ? -1 : 0;
}

FILE *image_file_stdio(struct image_file *file)
{
	static const cookie_io_functions_t functions = { .write = stdio_write, .close = stdio_close };
	FILE *stdio = fopencookie(file, "w", functions);

	if (!stdio) {
		free_file(file);
		errno = ENOMEM;
	}
	return stdio;
}
