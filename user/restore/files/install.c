// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the new process: system calls only.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/files/room.h"

static int fail(const struct restored_descriptor *descriptor, const struct image_error *error)
{
	int err = errno;

	return image_error(error, -err, files_name(descriptor->file), "descriptor %d: %s", descriptor->fd,
			   strerror(err));
}

/* Both ends included. */
static int close_between(int first, int last, const struct image_error *error)
{
	if (first <= last && syscall(SYS_close_range, first, last, 0))
		return image_error(error, -errno, "close_range", "%s", strerror(errno));
	return 0;
}

int restore_files_install(const struct restore_files *files, uint32_t table_id,
			  const struct image_error *error)
{
	const struct restored_table *table = files_find_table(files, table_id);
	int next = 0, ret;

	if (!table)
		return image_error(error, -EBADMSG, files->path, "there is no fdinfo-%u.img", table_id);
	for (size_t i = 0; i < table->nr; i++) {
		const struct restored_descriptor *descriptor = &table->descriptors[i];

		if (dup3(descriptor->file->fd, descriptor->fd, descriptor->cloexec ? O_CLOEXEC : 0) < 0)
			return fail(descriptor, error);
		if (descriptor->file->kind->installed)
			descriptor->file->kind->installed(descriptor->file, descriptor->fd);
		ret = close_between(next, descriptor->fd - 1, error);
		if (ret)
			return ret;
		next = descriptor->fd + 1;
	}
	return close_between(next, files->lowest - 1, error);
}
