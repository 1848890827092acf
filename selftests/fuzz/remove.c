// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

static const char *to_remove;

static void remove_it(void)
{
	DIR *dir = opendir(to_remove);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(to_remove);
}

void fuzz_remove_at_exit(const char *path)
{
	to_remove = path;
	atexit(remove_it);
}
