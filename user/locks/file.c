// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding the locks of a file by its path. The kernel names an inode by its superblock's device and its own
 * number; stat(2) gives others on overlayfs, btrfs and the like. fdinfo and mountinfo tell the
 * kernel's. On btrfs these are the same for files of different subvolumes: there stat(2) tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "locks/source.h"
#include "procfs/fdinfo.h"
#include "procfs/mountinfo.h"

static int read_own_fdinfo(int fd, struct proc_fdinfo *info)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	int dir = proc_open(getpid()), err = dir;

	if (!lines)
		err = -ENOMEM;
	else if (dir >= 0)
		err = proc_fdinfo_read(dir, fd, lines, info, NULL, NULL);
	if (dir >= 0)
		close(dir);
	free(lines);
	return err;
}

/* The device of the superblock. Returns: 0, or -ENOENT if the mount is not one that is seen here. */
static int read_device(int mnt_id, struct crlock_filter *filter)
{
	struct proc_mounts *mounts;
	struct proc_mount mount;
	int err = proc_mounts_read(&mounts, getpid());

	if (err)
		return err;
	err = proc_mounts_find(mounts, mnt_id, &mount);
	proc_mounts_free(mounts);
	if (err)
		return err;
	filter->dev_major = mount.dev_major;
	filter->dev_minor = mount.dev_minor;
	return 0;
}

static int query_descriptor(struct lock_query *query, int fd)
{
	struct crlock_filter *filter = &query->filter;
	struct proc_fdinfo info;
	struct stat stat;
	int err;

	if (fstat(fd, &stat))
		return -errno;
	query->stat_dev = stat.st_dev;
	query->stat_ino = stat.st_ino;
	query->by_stat = true;
	err = read_own_fdinfo(fd, &info);
	if (err)
		return err;
	if (!info.has_ino || read_device(info.mnt_id, filter))
		return 0;
	filter->by_inode = true;
	filter->ino = info.ino;
	query->by_stat =
		makedev(filter->dev_major, filter->dev_minor) != stat.st_dev || filter->ino != stat.st_ino;
	return 0;
}

int lock_query_file(struct lock_query *query, const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = query_descriptor(query, fd);
	close(fd);
	return err;
}

/* Returns: 1 if it is of the file, 0 if not, negative if the descriptor does not tell. */
static int check_holder(const struct crlock_holder *holder, const struct lock_query *query)
{
	struct statx stat;
	char name[64];

	if (holder->kind != CRLOCK_HOLDER_DESCRIPTOR || !holder->tid)
		return -1;
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", holder->tid, holder->fd);
	/* What is cached will do: a server that is away must not keep us. */
	if (statx(AT_FDCWD, name, AT_STATX_DONT_SYNC, STATX_INO, &stat))
		return -1;
	return makedev(stat.stx_dev_major, stat.stx_dev_minor) == query->stat_dev &&
	       stat.stx_ino == query->stat_ino;
}

bool lock_is_of_file(const struct lock *lock, const struct lock_query *query)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		int ret = check_holder(&lock->holders[i].row, query);

		if (ret >= 0)
			return ret;
	}
	/* Nothing tells: the kernel's own names of it must do. */
	return query->filter.by_inode ||
	       (lock->row.ino == query->stat_ino &&
		makedev(lock->row.dev_major, lock->row.dev_minor) == query->stat_dev);
}

static bool is_of_file(const struct lock *lock, const void *data)
{
	return lock_is_of_file(lock, data);
}

void lock_filter_stat(struct lock_list *list, const struct lock_query *query)
{
	lock_list_drop(list, is_of_file, query);
}
