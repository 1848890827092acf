/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that have no name any more: the checkpoint has them, ghost-file-ID.img each, whatever their size.
 */
#ifndef DUMP_FILES_GHOST_H
#define DUMP_FILES_GHOST_H

#include "dump/files/state.h"

/** ghost_add - Takes in a file, once for each inode. Returns: 0 or a negative errno value. */
int ghost_add(struct dump_files *files, const struct dump_file *file);

/** ghost_id - The number of a file's ghost. */
uint32_t ghost_id(const struct dump_files *files, const struct dump_file *file);

/** ghosts_check - Says which of them cannot be read. Returns: 0 or a negative errno value. */
int ghosts_check(struct dump_files *files);

/** ghosts_write - Writes all of them. Returns: 0 or a negative errno value. */
int ghosts_write(struct dump_files *files);

#endif
