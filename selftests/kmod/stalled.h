/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that holds its mmap_lock for as long as a file system likes.
 */
#ifndef KMOD_STALLED_H
#define KMOD_STALLED_H

#include <stdbool.h>

#include "child.h"

/* What its processes say, in shared memory. */
struct stalled_signs {
	volatile bool asked; /* for what is read */
	volatile bool mapping;
};

/* Who serves the file system, who reads its file, and who maps that meanwhile. */
struct stalled {
	struct child server, reader, mapper;
	int fuse; /* the server's */
	struct stalled_signs *signs;
};

/** stalled_start - Mounts it on "stalled", here. Returns: whether that was possible. */
bool stalled_start(struct stalled *stalled);

/** stalled_end - Lets all go on, and ends them. */
void stalled_end(struct stalled *stalled);

#endif
