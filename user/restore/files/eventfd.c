// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "restore/files/room.h"

/*
 * Whether it counts like a semaphore is no flag that F_GETFL tells, and crdump records it as this bit, which in
 * the flags of an eventfd, always O_RDWR, is free.
 */
#define FLAG_SEMAPHORE EFD_SEMAPHORE

static bool describe(struct restored_file *file)
{
	const Image__EventfdFileEntry *efd = file->entry->efd;

	/* UINT64_MAX is no count that write(2) allows. */
	if (!efd || efd->id != file->id || efd->counter == UINT64_MAX)
		return false;
	file->flags = efd->flags;
	file->fown = efd->fown;
	return true;
}

static int open_eventfd(struct restore_files *files, struct restored_file *file,
			const struct image_error *error)
{
	const Image__EventfdFileEntry *efd = file->entry->efd;
	int flags = EFD_CLOEXEC | (file->flags & EFD_NONBLOCK) | (file->flags & FLAG_SEMAPHORE);
	int ret = files_keep(files, file, files_result(eventfd(0, flags)), error);

	if (ret || !efd->counter)
		return ret;
	if (write(file->fd, &efd->counter, sizeof(efd->counter)) < 0)
		return files_fail(files, file, error);
	return 0;
}

const struct file_kind eventfd_kind = {
	.name = "eventfd",
	.describe = describe,
	.open = open_eventfd,
};
