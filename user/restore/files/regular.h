/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_FILES_REGULAR_H
#define RESTORE_FILES_REGULAR_H

#include <sys/stat.h>

#include "restore/files/room.h"

/** regular_difference - Compares a file with its record. Returns: what is not as it was, NULL: nothing. */
const char *regular_difference(const Image__RegFileEntry *reg, const struct stat *stat);

/**
 * regular_open_at - Opens what a descriptor is of as a description was, and at its position.
 * @path_fd: O_PATH will do
 *
 * Returns: a descriptor or -errno; -EAGAIN: a lease is in the way.
 */
int regular_open_at(const struct restore_files *files, const struct restored_file *file, int path_fd);

#endif
