/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interval timers and POSIX timers.
 */
#ifndef RESTORE_TIMERS_H
#define RESTORE_TIMERS_H

#include "image/directory.h"
#include "image/saved.h"
#include "restore/tree/puppet.h"

/**
 * timers_check - Whether the ids of a tree's POSIX timers can be had in a time that is bearable: some seconds.
 *
 * Returns: 0 or -EBADMSG.
 */
int timers_check(const struct saved_tree *tree, const char *path, const struct image_error *error);

/** timers_restore - Makes a process's timers and sets them going. Returns: 0 or a negative errno value. */
int timers_restore(struct puppet *leader, const struct saved_process *process,
		   const struct image_error *error);

#endif
