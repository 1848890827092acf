// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All that cannot be dumped: it is named.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dump/files/kinds.h"

static const char *type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a file";
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a file of no known type";
	}
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	uint32_t mode = file->stat.mode;

	(void)fd;
	if (file->path[0] != '/')
		file_block(files, file, "%s", file->path);
	else if (S_ISCHR(mode) || S_ISBLK(mode))
		file_block(files, file, "%s: %s device %u:%u", file->path,
			   S_ISCHR(mode) ? "character" : "block", major(file->stat.rdev),
			   minor(file->stat.rdev));
	else
		file_block(files, file, "%s: %s of a filesystem that is not mounted for the process",
			   file->path, type_of(mode));
	return 0;
}

const struct file_kind file_kind_other = {
	.type = IMAGE__FD_TYPES__UND,
	.look = look,
};
