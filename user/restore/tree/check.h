/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether this machine can take a checkpoint: all that is in the way, not the first thing.
 */
#ifndef RESTORE_CHECK_H
#define RESTORE_CHECK_H

#include "restore/options.h"

/**
 * tree_check - Says on standard output, a line each, what is in the way of restoring a checkpoint.
 *
 * Nothing is started, opened but with O_PATH, or changed.
 *
 * Returns: STATUS_OK if nothing is, STATUS_IN_THE_WAY, or STATUS_IMAGE if the images cannot be read, which is said
 * on standard error.
 */
int tree_check(const struct options *options);

#endif
