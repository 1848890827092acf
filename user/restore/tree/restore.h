/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restoring the processes of a checkpoint, from the images to the moment when they go on.
 */
#ifndef RESTORE_TREE_H
#define RESTORE_TREE_H

#include "restore/options.h"

/**
 * tree_restore - Brings the processes of a checkpoint back.
 * @root: gets the pid of the first
 *
 * What is wrong is printed. After an error nothing is left of what was made.
 *
 * Returns: 0 or the exit status.
 */
int tree_restore(const struct options *options, pid_t *root);

#endif
