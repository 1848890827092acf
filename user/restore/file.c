// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "locks/apply.h"
#include "restore/file.h"

/* An inode number is used again for another file, with another generation. */
static bool is_same_generation(const struct checkpoint_file *file, int fd)
{
	long generation = 0;

	/* Not every filesystem tells, and a descriptor with O_PATH does not. */
	if (!file->generation || ioctl(fd, FS_IOC_GETVERSION, &generation))
		return true;
	return (uint32_t)generation == file->generation;
}

bool file_is_same(const struct checkpoint_file *file, int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return false;
	return stat.st_ino == file->ino && major(stat.st_dev) == file->dev_major &&
	       minor(stat.st_dev) == file->dev_minor && !((stat.st_mode ^ file->mode) & S_IFMT) &&
	       is_same_generation(file, fd);
}

const char *file_lacks_access(const struct lock *lock, int flags)
{
	int mode = flags & O_ACCMODE;

	if (!lock_is_range(lock->row.kind))
		return NULL;
	if (lock->row.held == F_RDLCK)
		return mode == O_RDONLY || mode == O_RDWR ? NULL : "reading";
	return mode == O_WRONLY || mode == O_RDWR ? NULL : "writing";
}
