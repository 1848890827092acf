/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an open file is the one that was recorded.
 */
#ifndef RESTORE_FILE_H
#define RESTORE_FILE_H

#include "image/checkpoint.h"

/** file_is_same - Compares device, inode, kind and, where it is known, generation. */
bool file_is_same(const struct checkpoint_file *file, int fd);

/**
 * file_lacks_access - Whether a lock could not be taken for want of an access mode.
 * @flags: O_* of the descriptor
 *
 * Returns: "reading" or "writing", or NULL.
 */
const char *file_lacks_access(const struct lock *lock, int flags);

#endif
