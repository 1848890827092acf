// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <string.h>

#include "restore/files/inherit.h"

int inherit_find(const struct restore_files *files, const char *key)
{
	for (size_t i = 0; i < files->nr_inherit; i++) {
		const char *given = files->inherit[i].key;

		if (!strcmp(given, key) || (*key == '/' && !strcmp(given, key + 1)))
			return files->inherit[i].fd;
	}
	return -1;
}

int inherit_take(struct restore_files *files, struct restored_file *file, int fd,
		 const struct image_error *error)
{
	return files_keep(files, file, files_result(fcntl(fd, F_DUPFD_CLOEXEC, files->next)),
			  error);
}
