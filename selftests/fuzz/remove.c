// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "image/directory.h"

static const char *to_remove;

static void remove_it(void)
{
	image_directory_remove(to_remove);
}

void fuzz_remove_at_exit(const char *path)
{
	to_remove = path;
	atexit(remove_it);
}
