// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/directory.h"
#include "image/magic.h"
#include "image/stream.h"
#include "locks/buffer.h"

int image_error(const struct image_error *error, int error_code, const char *name, const char *format, ...)
{
	struct lock_buffer text = { 0 };
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	lock_buffer_printable(&text, name);
	snprintf(error->text, error->size, "%s: %s", lock_buffer_text(&text), what);
	lock_buffer_free(&text);
	return error_code;
}

static int fails(const struct image_directory *directory, const struct image_error *error)
{
	return image_error(error, -errno, directory->path, "%s", strerror(errno));
}

/* An unfinished checkpoint is one too as far as its files would be overwritten. */
static int refuse_images(struct image_directory *directory, const struct image_error *error)
{
	static const char *const names[] = { IMAGE_INVENTORY, IMAGE_FILELOCKS, IMAGE_CRLOCK,
					     IMAGE_CHECKSUMS };
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!fstatat(directory->fd, names[i], &st, AT_SYMLINK_NOFOLLOW))
			return image_error(error, -EEXIST, directory->path,
					   "%s: there is %s (take another directory, or remove it)",
					   i ? "holds a checkpoint that was not finished"
					     : "holds a checkpoint already",
					   names[i]);
		if (errno != ENOENT)
			return fails(directory, error);
	}
	return 0;
}

int image_directory_make(struct image_directory *directory, const char *path, const struct image_error *error)
{
	int ret;

	*directory = (struct image_directory){ .path = path, .fd = -1 };
	if (!mkdir(path, 0700))
		directory->made = true;
	else if (errno != EEXIST)
		return fails(directory, error);
	directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory->fd < 0) {
		ret = fails(directory, error);
		image_directory_close(directory, false);
		return ret;
	}
	ret = refuse_images(directory, error);
	if (ret)
		image_directory_close(directory, false);
	return ret;
}

int image_directory_stream(struct image_directory *directory, int fd, const char *name,
			   const struct image_error *error)
{
	int ret;

	*directory = (struct image_directory){ .path = name, .fd = -1 };
	ret = stream_writer_open(&directory->stream, fd);
	if (ret) {
		image_error(error, ret, name, "%s", strerror(-ret));
		image_directory_close(directory, false);
	}
	return ret;
}

/* Takes a name in, of what is to go if this does not become a checkpoint. */
static int note(struct image_directory *directory, const char *name, const struct image_error *error)
{
	char **files = reallocarray(directory->files, directory->nr_files + 1, sizeof(*files));
	char *copy = strdup(name);

	if (files)
		directory->files = files;
	if (!files || !copy) {
		free(copy);
		return image_error(error, -ENOMEM, directory->path, "%s: %s", name, strerror(ENOMEM));
	}
	directory->files[directory->nr_files++] = copy;
	return 0;
}

int image_directory_create(struct image_directory *directory, const char *name,
			   const struct image_error *error)
{
	int ret = note(directory, name, error), fd;

	if (ret)
		return ret;
	fd = openat(directory->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		int code = errno;

		/* That one is another's. */
		free(directory->files[--directory->nr_files]);
		return image_error(error, -code, directory->path, "%s: %s", name, strerror(code));
	}
	return fd;
}

int image_directory_replace(struct image_directory *directory, const char *from, const char *to,
			    const struct image_error *error)
{
	int ret = note(directory, to, error);

	if (ret)
		return ret;
	if (renameat(directory->fd, from, directory->fd, to)) {
		int code = errno;

		free(directory->files[--directory->nr_files]);
		return image_error(error, -code, directory->path, "%s: %s", to, strerror(code));
	}
	return 0;
}

int image_directory_flush(struct image_directory *directory, const struct image_error *error)
{
	if (directory->stream)
		return 0;
	/* One call for all images: there can be thousands. */
	return syncfs(directory->fd) || fsync(directory->fd) ? fails(directory, error) : 0;
}

int image_directory_complete(struct image_directory *directory, const struct image_error *error)
{
	int ret;

	if (!directory->stream)
		return image_directory_flush(directory, error);
	ret = stream_end(directory->stream);
	return ret ? image_error(error, ret, directory->path, "%s", strerror(-ret)) : 0;
}

int image_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EBADMSG;
}

void image_directory_close(struct image_directory *directory, bool keep)
{
	for (size_t i = 0; !keep && i < directory->nr_files; i++)
		unlinkat(directory->fd, directory->files[i], 0);
	for (size_t i = 0; i < directory->nr_files; i++)
		free(directory->files[i]);
	free(directory->files);
	directory->files = NULL;
	directory->nr_files = 0;
	checksums_free(&directory->checksums);
	stream_writer_close(directory->stream);
	directory->stream = NULL;
	if (directory->fd >= 0)
		close(directory->fd);
	if (!keep && directory->made)
		rmdir(directory->path);
	directory->fd = -1;
}

void image_directory_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}
