/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huge pages that a running process writes to again and again.
 *
 * One write makes all of a huge page dirty. Where a program writes to one byte in each, all of its memory would be
 * copied again while it is stopped, though it has changed nearly nothing.
 */
#ifndef DUMP_BUSY_H
#define DUMP_BUSY_H

#include <sys/types.h>

/**
 * busy_split - Looks for a moment which huge pages are written, and has the kernel map these as small ones.
 * @dir: directory of the process, whose soft-dirty bits were just cleared
 *
 * The process goes on meanwhile; of its memory nothing but that changes. Where the kernel does not split them, they
 * stay as they are. Splitting is that of process_madvise(2), MADV_COLD, of a part of a huge page.
 *
 * Returns: whether any may have been split, so that the bits are to be cleared anew; or a negative errno value.
 */
int busy_split(pid_t pid, int dir);

#endif
