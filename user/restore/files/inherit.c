// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <string.h>

#include "restore/files/inherit.h"

int inherit_find(const struct restore_files *files, const char *key)
{
	for (size_t i = 0; i < files->nr_inherit; i++) {
		const char *given = files->inherit[i].key;

		if (strcmp(given, key) && (*key != '/' || strcmp(given, key + 1)))
			continue;
		files->inherit[i].used = true;
		return files->inherit[i].fd;
	}
	return -1;
}

int inherit_check(const struct restore_files *files, const struct image_error *error)
{
	for (size_t i = 0; i < files->nr_inherit; i++) {
		if (!files->inherit[i].used)
			return image_error(error, -EBADF, files->inherit[i].key,
					   "is given by --inherit-fd, but no file of the checkpoint");
	}
	return 0;
}

/* What a file was open for, its descriptor must be too. */
static bool is_enough(int fd, uint32_t wanted)
{
	int flags = fcntl(fd, F_GETFL), has = flags & O_ACCMODE;

	if (flags < 0 || flags & O_PATH)
		return wanted & O_PATH;
	return wanted & O_PATH || has == O_RDWR || has == (int)(wanted & O_ACCMODE);
}

int inherit_take(struct restore_files *files, struct restored_file *file, int fd,
		 const struct image_error *error)
{
	if (!is_enough(fd, file->flags))
		return image_error(
			error, -EBADF, files_name(file),
			"descriptor %d, which is given for it, is not open for what it was open for", fd);
	return files_keep(files, file, files_result(fcntl(fd, F_DUPFD_CLOEXEC, files->next)), error);
}
