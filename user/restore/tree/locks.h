/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The locks of a whole tree: taken by its processes, while they are driven.
 */
#ifndef RESTORE_TREE_LOCKS_H
#define RESTORE_TREE_LOCKS_H

#include "image/checkpoint.h"
#include "locks/apply.h"
#include "restore/options.h"
#include "restore/tree/notices.h"
#include "restore/tree/puppet.h"

/**
 * tree_take_locks - Takes the locks of a checkpoint.
 * @leaders: the first thread of each process, driven
 * @nr: how many
 * @checkpoint: of locks; its deadlines count from its dump
 * @options: what to do about conflicts
 * @kept: gets leases that were there already; NULL: there can be none; the caller frees its rows, also after an error
 *
 * What is wrong is printed.
 *
 * Returns: 0 or the exit status; after an error none is held.
 */
int tree_take_locks(struct puppet *const *leaders, size_t nr, const struct checkpoint *checkpoint,
		    const struct options *options, struct kept_leases *kept);

#endif
