// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/files/room.h"

static bool describe(struct restored_file *file)
{
	const Image__SignalfdEntry *sgfd = file->entry->sgfd;

	if (!sgfd || sgfd->id != file->id)
		return false;
	file->flags = sgfd->flags;
	file->fown = sgfd->fown;
	return true;
}

static int open_signalfd(struct restore_files *files, struct restored_file *file,
			 const struct image_error *error)
{
	uint64_t mask = file->entry->sgfd->sigmask;
	int flags = SFD_CLOEXEC | (file->flags & SFD_NONBLOCK);

	/* As wide as the kernel's, not the C library's. */
	return files_keep(files, file, files_result(syscall(SYS_signalfd4, -1, &mask, sizeof(mask), flags)),
			  error);
}

const struct file_kind signalfd_kind = {
	.name = "signalfd",
	.describe = describe,
	.open = open_signalfd,
};
