/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open file descriptions that crdump has left a keeper for, so that nobody takes their locks meanwhile.
 */
#ifndef RESTORE_HELD_H
#define RESTORE_HELD_H

#include "restore/tree/images.h"

/**
 * held_take - Gets them, in place of files to be opened. The keeper has them too until hold_arrived().
 * @path: of the checkpoint, for messages
 *
 * Returns: the connection to the keeper, which the caller closes; -ENOENT if there is none, which is said if there
 * should be one; or another negative errno value.
 */
int held_take(struct images *images, const char *path, const struct image_error *error);

/** held_has - Whether the description of a process's descriptor is one of them, and not opened yet. */
bool held_has(const struct images *images, pid_t pid, int fd);

#endif
