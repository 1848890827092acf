/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that had been unlinked, from ghost-file-*.img.
 */
#ifndef RESTORE_FILES_GHOST_H
#define RESTORE_FILES_GHOST_H

#include <sys/types.h>

#include "restore/files/room.h"

/** ghost_validate - Checks the head of an image. Returns: 0, -EBADMSG, ... */
int ghost_validate(struct restore_files *files, uint32_t id, const struct image_error *error);

/**
 * ghost_make - Makes a file in the directory that a path is in, under a name of its own, which is noted.
 * @number: gets the number of the name
 *
 * Returns: a descriptor (O_PATH) or -errno.
 */
int ghost_make(struct restore_files *files, uint32_t id, const char *path, ssize_t *number,
	       const struct image_error *error);

#endif
