/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the lock that a line of /proc/locks or of fdinfo is about. Several can look the same: each is
 * found once.
 */
#ifndef LOCKS_INDEX_H
#define LOCKS_INDEX_H

#include "locks/lock.h"
#include "procfs/locks.h"

struct lock_index {
	struct lock_index_entry *entries;
	size_t nr;
};

/**
 * lock_index_make - Makes an index of a list, which must not change meanwhile.
 * @index: the caller frees it with lock_index_free()
 *
 * Returns: 0 or -ENOMEM.
 */
int lock_index_make(struct lock_index *index, struct lock_list *list);

/** lock_index_free - Frees what an index owns. */
void lock_index_free(struct lock_index *index);

/**
 * lock_index_conflicts - Whether the list has a lock beside which that of a line cannot be: one that excludes it, or
 * is of its owner.
 */
bool lock_index_conflicts(const struct lock_index *index, const struct proc_lock *line);

/**
 * lock_index_take - Finds a lock that a line can be about and that was not yet taken.
 * @waited_for: prefer one that has CRLOCK_LOCK_WAITERS
 *
 * Returns: the lock, or NULL.
 */
struct lock *lock_index_take(struct lock_index *index, const struct proc_lock *line, bool waited_for);

/**
 * lock_index_take_shown - The same for a line of fdinfo.
 * @requests: that are shown behind it; locks that have these as waiters are preferred
 */
struct lock *lock_index_take_shown(struct lock_index *index, const struct proc_lock *line,
				   const struct proc_lock *requests, size_t nr_requests);

#endif
