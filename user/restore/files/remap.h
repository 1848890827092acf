/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths that led nowhere any more when the checkpoint was made.
 */
#ifndef RESTORE_FILES_REMAP_H
#define RESTORE_FILES_REMAP_H

#include "restore/files/room.h"

struct remap;

/** remap_read - Reads remap-fpath.img and what it names. Returns: 0, -EBADMSG, ... */
int remap_read(struct restore_files *files, const struct image_error *error);

/** remap_of - What stands for the path of a file, NULL: nothing does. */
struct remap *remap_of(const struct restore_files *files, const struct restored_file *file);

/** remap_check - Whether something stands for the path of a file; what is wrong with that is told. */
bool remap_check(struct restore_files *files, const struct restored_file *file, struct obstacles *obstacles);

/** remap_open - Opens a file that has one. Returns: 0 or a negative errno value. */
int remap_open(struct restore_files *files, struct restored_file *file, const struct image_error *error);

/**
 * remap_lookup - Makes what stands for the path of a file.
 *
 * Returns: a descriptor (O_PATH) that is not the caller's, or a negative errno value.
 */
int remap_lookup(struct restore_files *files, const struct restored_file *file,
		 const struct image_error *error);

/** remap_complete - Takes away the names of files that had none. Returns: 0 or a negative errno value. */
int remap_complete(struct restore_files *files, const struct image_error *error);

/** remap_finish - Takes away names that the dump had made. */
void remap_finish(struct restore_files *files);

void remap_abandon(struct restore_files *files);
void remap_free(struct restore_files *files);

#endif
