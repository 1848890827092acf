// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dump/files/source.h"
#include "procfs/locks.h"

#define NAME_ROOM 64

/* Below the directory of the process. */
static const char *name_of(const struct file_source *source, char name[NAME_ROOM])
{
	if (source->link)
		return source->link;
	if (source->end)
		snprintf(name, NAME_ROOM, "map_files/%" PRIx64 "-%" PRIx64, source->start, source->end);
	else
		snprintf(name, NAME_ROOM, "fd/%d", source->fd);
	return name;
}

int source_statx(struct dump_files *files, const struct file_source *source, struct statx *stat)
{
	char name[NAME_ROOM];
	int ret = files_of_process(files, source->pid);

	if (ret)
		return ret;
	if (statx(files->dir, name_of(source, name), AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID,
		  stat))
		return -errno;
	return 0;
}

int source_stat(struct dump_files *files, const struct file_source *source, struct file_stat *stat)
{
	struct statx st;
	int ret = source_statx(files, source, &st);

	if (ret)
		return ret;
	*stat = (struct file_stat){
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
		.mnt_id = st.stx_mnt_id,
		.mode = st.stx_mode,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.nlink = st.stx_nlink,
		.rdev = makedev(st.stx_rdev_major, st.stx_rdev_minor),
		.size = st.stx_size,
		.blocks = st.stx_blocks,
	};
	return 0;
}

int source_path(struct dump_files *files, const struct file_source *source, char **path)
{
	char name[NAME_ROOM], text[FILE_PATH_MAX];
	int ret = files_of_process(files, source->pid);
	ssize_t n;

	if (ret)
		return ret;
	n = proc_link(files->dir, name_of(source, name), text, sizeof(text));
	if (n < 0)
		return n;
	*path = strdup(text);
	return *path ? 0 : -ENOMEM;
}

int source_duplicate(struct dump_files *files, const struct file_source *source)
{
	int ret, fd;

	if (source->fd < 0)
		return -EBADF;
	if (source->pid == getpid()) {
		fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	ret = files_of_process(files, source->pid);
	if (ret)
		return ret;
	fd = syscall(SYS_pidfd_getfd, files->pidfd, source->fd, 0);
	return fd < 0 ? -errno : fd;
}

static int is_lease_on(const struct proc_lock *lock, void *ino)
{
	/* Who waits to open one, of which no inode is told, stands behind the lease itself. */
	return lock->kind == CRLOCK_KIND_LEASE && !lock->depth &&
	       (!lock->has_inode || lock->ino == *(const uint64_t *)ino);
}

/*
 * Returns: whether there is a lease on a file, or that may be. The device is left aside: /proc/locks tells the
 * superblock's, which may be another than that of stat(2).
 */
static bool is_leased(uint64_t ino)
{
	return proc_locks_twice("/proc/locks", is_lease_on, &ino);
}

/* An opening for reading breaks leases for writing. */
int source_open(struct dump_files *files, const struct dump_file *file)
{
	char name[NAME_ROOM];
	int ret = files_of_process(files, file->source.pid), fd;

	if (ret)
		return ret;
	if (is_leased(file->stat.ino))
		return -EAGAIN;
	fd = openat(files->dir, name_of(&file->source, name), O_RDONLY | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int source_readable(struct dump_files *files, const struct dump_file *file)
{
	bool readable =
		file->source.fd >= 0 && !(file->flags & O_PATH) && (file->flags & O_ACCMODE) != O_WRONLY;

	return readable ? source_duplicate(files, &file->source) : source_open(files, file);
}

int source_link(struct dump_files *files, const struct file_source *source, const char *path)
{
	char name[NAME_ROOM];
	int ret = files_of_process(files, source->pid);

	if (ret)
		return ret;
	return linkat(files->dir, name_of(source, name), AT_FDCWD, path, AT_SYMLINK_FOLLOW) ? -errno : 0;
}
