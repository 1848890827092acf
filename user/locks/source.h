/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files that make lock_list_read().
 */
#ifndef LOCKS_SOURCE_H
#define LOCKS_SOURCE_H

#include "locks/list.h"
#include "procfs/locks.h"

/* Each reads locks, holders and, of /proc, waiters. Returns: as lock_list_read(). */
int lock_read_kmod(struct lock_list *list, const struct lock_query *query, struct lock_report *report);
int lock_read_proc(struct lock_list *list, const struct lock_query *query, struct lock_report *report);

/** lock_read_waiters - Adds the waiters that a file, /proc/locks, shows to locks of the module. */
int lock_read_waiters(struct lock_list *list, const char *name);

/** lock_take_waiter - Adds a request that waits to a lock. Returns: 0 or -ENOMEM. */
int lock_take_waiter(struct lock *lock, const struct proc_lock *request);

/** lock_find_askers - Finds the processes of requests for locks of descriptions. Returns: 0 or -ENOMEM. */
int lock_find_askers(struct lock_list *list);

/** lock_is_of_file - Whether descriptors show a lock, of by_inode, to be of the file that by_stat says. */
bool lock_is_of_file(const struct lock *lock, const struct lock_query *query);

/** lock_filter_stat - Drops locks that descriptors show to be of another file than by_stat says. */
void lock_filter_stat(struct lock_list *list, const struct lock_query *query);

/** lock_list_drop - Drops the locks that a function says no to. */
void lock_list_drop(struct lock_list *list, bool (*keep)(const struct lock *lock, const void *data),
		    const void *data);

#endif
