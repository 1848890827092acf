// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/files/names.h"
#include "restore/files/path.h"

ssize_t names_note(struct restore_files *files, int parent, const char *base, bool directory, ino_t inode)
{
	struct made_names *names = &files->names;
	struct made_name *name;
	char *copy = strdup(base);
	int fd = fcntl(parent, F_DUPFD_CLOEXEC, 0);

	name = copy && fd >= 0 ? files_append(&names->names, &names->nr, sizeof(*name)) : NULL;
	if (!name) {
		int err = copy && fd < 0 ? errno : ENOMEM;

		if (fd >= 0)
			close(fd);
		free(copy);
		return -err;
	}
	name->parent = fd;
	name->base = copy;
	name->directory = directory;
	name->inode = inode;
	return name - names->names;
}

/* Returns: 0, also if it is there, or -errno. */
static int make_directory(struct restore_files *files, const char *path)
{
	const char *base;
	int parent = path_parent(files, path, &base), ret = 0;
	ssize_t number;

	if (parent < 0)
		return parent;
	if (faccessat(parent, base, F_OK, AT_SYMLINK_NOFOLLOW)) {
		number = names_note(files, parent, base, true, 0);
		ret = number < 0 ? number : 0;
		if (!ret && mkdirat(parent, base, 0700)) {
			ret = errno == EEXIST ? 0 : -errno;
			names_drop(files);
		}
	}
	close(parent);
	return ret;
}

static int make_parents(struct restore_files *files, const char *path)
{
	char *copy = strdup(path);
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash && !ret; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ret = make_directory(files, copy);
		*slash = '/';
	}
	free(copy);
	return ret;
}

int names_parent(struct restore_files *files, const char *path, const char **base)
{
	int fd = path_parent(files, path, base), ret;

	if (fd != -ENOENT)
		return fd;
	ret = make_parents(files, path);
	return ret ? ret : path_parent(files, path, base);
}

const char *names_unique(void)
{
	static char name[64];
	static unsigned int nr;

	snprintf(name, sizeof(name), ".crrestore.%d.%u", getpid(), nr++);
	return name;
}

int names_open(int parent, const char *base, mode_t mode)
{
	int fd = openat(parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return -errno;
	/* This program's, with no other name. Directories count what is in them. */
	if (!fstat(fd, &stat) && !((stat.st_mode ^ mode) & S_IFMT) && stat.st_uid == geteuid() &&
	    (S_ISDIR(mode) || stat.st_nlink == 1))
		return fd;
	close(fd);
	return -ESTALE;
}

int names_give(int fd, uid_t uid, gid_t gid, mode_t mode)
{
	char path[64];
	struct stat stat;

	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) || fstat(fd, &stat))
		return -errno;
	/* fchmod(2) does not take O_PATH. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return !S_ISLNK(stat.st_mode) && chmod(path, mode & 07777) ? -errno : 0;
}

void names_drop(struct restore_files *files)
{
	struct made_name *name = &files->names.names[--files->names.nr];

	close(name->parent);
	free(name->base);
}

void names_rename(struct restore_files *files, ssize_t number, const char *base)
{
	struct made_name *name = &files->names.names[number];
	char *copy = strdup(base), *old = name->base;

	name->next = copy;
	if (!copy || renameat2(name->parent, name->base, name->parent, base, RENAME_NOREPLACE)) {
		name->next = NULL;
		free(copy);
		return;
	}
	name->base = copy;
	name->next = NULL;
	free(old);
}

static void unlink_name(const struct made_name *name)
{
	int flags = name->directory ? AT_REMOVEDIR : 0;
	struct stat stat;

	if (name->inode &&
	    (fstatat(name->parent, name->base, &stat, AT_SYMLINK_NOFOLLOW) || stat.st_ino != name->inode))
		return;
	/* Only a renaming that was made has taken it away. */
	if (unlinkat(name->parent, name->base, flags) && errno == ENOENT && name->next)
		unlinkat(name->parent, name->next, flags);
}

void names_remove(struct restore_files *files)
{
	struct made_names *names = &files->names;

	for (size_t i = names->nr; i; i--)
		unlink_name(&names->names[i - 1]);
	while (names->nr)
		names_drop(files);
	free(names->names);
	names->names = NULL;
}
