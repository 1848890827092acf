/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Naming what is in a lock's way.
 */
#ifndef RESTORE_CONFLICT_H
#define RESTORE_CONFLICT_H

#include "locks/buffer.h"
#include "restore/plan.h"

/**
 * conflict_find - Looks for a lock of others with which one could not be held.
 * @plan: whose locks are not meant; NULL: all are those of others
 * @fd: descriptor of the file, of this process; O_PATH will do
 * @name: gets the name of what was found
 *
 * Returns: whether one was found.
 */
bool conflict_find(const struct plan *plan, const struct lock *wanted, int fd, struct lock_buffer *name);

/**
 * conflict_read - Reads all locks of a file, for many questions of conflict_find_in().
 * @list: empty, and stays so after an error; the caller frees it with lock_list_free()
 */
void conflict_read(struct lock_list *list, int fd);

/** conflict_find_in - The same as conflict_find(), among locks that were read before. */
bool conflict_find_in(const struct lock_list *list, const struct plan *plan, const struct lock *wanted,
		      struct lock_buffer *name);

/**
 * conflict_find_open - Looks for another open file that a lease cannot be with.
 *
 * Returns: whether one was found.
 */
bool conflict_find_open(const struct planned_lock *wanted, struct lock_buffer *name);

/** conflict_any_lease - Whether there are leases that are not the plan's at all, or that is not known. */
bool conflict_any_lease(const struct plan *plan);

#endif
