// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dump/files/kinds.h"
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
	return file->path[0] == '/' &&
	       bsearch(&file->stat.mnt_id, files->mounts, files->nr_mounts, sizeof(*files->mounts),
		       compare_mounts);
}

static const struct file_kind *kind_with_path(const struct dump_file *file)
{
	switch (file->stat.mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return &file_kind_regular;
	case S_IFCHR:
		return is_plain_device(file->stat.rdev) ? &file_kind_regular : &file_kind_other;
	default:
		return &file_kind_other;
	}
}

const struct file_kind *file_kind_of(const struct dump_files *files, const struct dump_file *file)
{
	if (is_on_mount(files, file))
		return file->flags & O_PATH ? &file_kind_regular : kind_with_path(file);
	return &file_kind_other;
}
