// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/files/path.h"

/* What open(2) does once is not to be done again. */
#define ONCE (O_CREAT | O_EXCL | O_TRUNC | O_ASYNC | O_NOFOLLOW)

static int lasting(int flags)
{
	/* One of its two bits is O_DIRECTORY, which what has no name is not. */
	if ((flags & O_TMPFILE) == O_TMPFILE)
		flags &= ~O_TMPFILE;
	return flags & ~ONCE;
}

bool path_is_sound(const char *path)
{
	const char *component = path;

	if (*path != '/' || strlen(path) >= PATH_MAX)
		return false;
	while (*component) {
		size_t len;

		component += strspn(component, "/");
		len = strcspn(component, "/");
		if ((len == 1 && *component == '.') || (len == 2 && !strncmp(component, "..", 2)))
			return false;
		component += len;
	}
	return true;
}

/* No link leads out of the root directory. */
static int open_below(int root, const char *path, int flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	path += strspn(path, "/");
	return syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

static int open_path(const struct restore_files *files, const char *path, int flags)
{
	int fd;

	/* The name of a resource is no path. */
	if (*path != '/')
		return -ENOENT;
	fd = files->root < 0 ? open(path, flags | O_CLOEXEC) : open_below(files->root, path, flags);
	return fd < 0 ? -errno : fd;
}

int path_lookup(const struct restore_files *files, const char *path, int flags)
{
	return open_path(files, path, O_PATH | flags);
}

int path_parent(const struct restore_files *files, const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	int fd;

	if (!slash)
		return -ENOENT;
	*base = slash + 1;
	if (!slash[1])
		return -EISDIR;
	parent = slash == path ? strdup("/") : strndup(path, slash - path);
	if (!parent)
		return -ENOMEM;
	fd = path_lookup(files, parent, O_DIRECTORY);
	free(parent);
	return fd;
}

/* Takes away the O_NONBLOCK with which a file was opened, for it was not to wait. */
static int be_as_told(int fd, uint32_t flags)
{
	int ret;

	if (fd < 0 || flags & O_NONBLOCK)
		return files_result(fd);
	ret = fcntl(fd, F_SETFL, lasting(flags)) ? -errno : 0;
	if (ret)
		close(fd);
	return ret ? ret : fd;
}

int path_reopen(int fd, uint32_t flags)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return be_as_told(open(name, lasting(flags) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), flags);
}

int path_open_no_follow(const struct restore_files *files, const char *path, uint32_t flags)
{
	int fd = open_path(files, path, lasting(flags) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	errno = fd < 0 ? -fd : 0;
	return be_as_told(fd, flags);
}
