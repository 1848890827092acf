/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors of this program that stand for files of the checkpoint (--inherit-fd).
 */
#ifndef RESTORE_FILES_INHERIT_H
#define RESTORE_FILES_INHERIT_H

#include "restore/files/room.h"

/** inherit_find - The descriptor that was given for a name, -1: none. A path may be without its first "/". */
int inherit_find(const struct restore_files *files, const char *key);

/** inherit_check - When all files are open: whether each that was given stands for one. Returns: 0 or -EBADF. */
int inherit_check(const struct restore_files *files, const struct image_error *error);

/** inherit_take - Makes it a file of the checkpoint; it stays open for others too. Returns: as files_keep(). */
int inherit_take(struct restore_files *files, struct restored_file *file, int fd,
		 const struct image_error *error);

#endif
