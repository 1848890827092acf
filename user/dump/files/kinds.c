// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dump/files/external.h"
#include "dump/files/kinds.h"
#include "dump/files/options.h"
#include "dump/files/state.h"

/* Memory devices without a state of their own, by the minor number. */
#define MEMORY_MAJOR 1

static bool is_plain_device(uint64_t rdev)
{
	switch (minor(rdev)) {
	case 3: /* null */
	case 5: /* zero */
	case 7: /* full */
	case 8: /* random */
	case 9: /* urandom */
		return major(rdev) == MEMORY_MAJOR;
	default:
		return false;
	}
}

static int compare_mounts(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Inner mounts of the kernel, and those of other namespaces, are not among them. */
static bool is_on_mount(const struct dump_files *files, const struct dump_file *file)
{
	return file->path[0] == '/' && bsearch(&file->stat.mnt_id, files->mounts, files->nr_mounts,
					       sizeof(*files->mounts), compare_mounts);
}

static const struct file_kind *kind_with_path(const struct dump_file *file)
{
	switch (file->stat.mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return &file_kind_regular;
	case S_IFIFO:
		return &file_kind_fifo;
	case S_IFCHR:
		if (tty_is_known(file->stat.rdev))
			return &file_kind_tty;
		return is_plain_device(file->stat.rdev) ? &file_kind_regular : &file_kind_other;
	default:
		return &file_kind_other;
	}
}

/* Files that have no path, by what stands in its place; of several the name ends with a bracket. */
static const struct {
	const char *name;
	const struct file_kind *kind;
} nameless[] = {
	{ "pipe:[", &file_kind_pipe },
	{ "socket:[", &file_kind_socket },
	{ "anon_inode:[eventfd]", &file_kind_eventfd },
	{ "anon_inode:[eventpoll]", &file_kind_epoll },
	{ "anon_inode:[signalfd]", &file_kind_signalfd },
	{ "anon_inode:[timerfd]", &file_kind_timerfd },
	{ "anon_inode:inotify", &file_kind_inotify },
};

static const struct file_kind *kind_without_path(const struct dump_file *file)
{
	for (size_t i = 0; i < sizeof(nameless) / sizeof(*nameless); i++) {
		if (!strncmp(file->path, nameless[i].name, strlen(nameless[i].name)))
			return nameless[i].kind;
	}
	return &file_kind_other;
}

const struct file_kind file_kind_socket = { .type = IMAGE__FD_TYPES__UND };

const struct file_kind *file_kind_of_socket(int fd)
{
	int family;

	if (options_number(fd, SOL_SOCKET, SO_DOMAIN, &family))
		return &file_kind_other;
	switch (family) {
	case AF_UNIX:
		return &file_kind_unix;
	case AF_INET:
	case AF_INET6:
		return &file_kind_inet;
	default:
		return &file_kind_other;
	}
}

static bool is_memory(const struct dump_files *files, const struct dump_file *file)
{
	return file->stat.dev == files->shmem_dev && !strncmp(file->path, "/memfd:", 7);
}

const struct file_kind *file_kind_of(const struct dump_files *files, const struct dump_file *file)
{
	if (file->source.fd >= 0 && external_has(files, EXTERNAL_FILE, file->stat.mnt_id, file->stat.ino))
		return &file_kind_external;
	if (is_on_mount(files, file))
		return file->flags & O_PATH ? &file_kind_regular : kind_with_path(file);
	/* A place only, without a path, is nothing that could be found again. */
	if (file->flags & O_PATH)
		return &file_kind_other;
	return is_memory(files, file) ? &file_kind_memory : kind_without_path(file);
}
