// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who waits for the lock of a description: /proc/locks has -1 for its process. Of several that ask for the same,
 * nothing tells which request is whose.
 */
#include <errno.h>

#include "locks/askers.h"
#include "locks/source.h"

static bool is_unknown(const struct lock_waiter *waiter)
{
	return !waiter->pid && waiter->kind == CRLOCK_KIND_OFD;
}

static bool any_unknown(const struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		for (size_t j = 0; j < list->locks[i].nr_waiters; j++) {
			if (is_unknown(&list->locks[i].waiters[j]))
				return true;
		}
	}
	return false;
}

static bool asks_for(const struct lock_asker *asker, const struct crlock_lock *row,
		     const struct lock_waiter *waiter)
{
	return asker->ino == row->ino && asker->dev_major == row->dev_major &&
	       asker->dev_minor == row->dev_minor && asker->type == waiter->type && asker->ranged &&
	       asker->start == waiter->start && asker->end == waiter->end;
}

/* Each asker has one request. */
static void set_process(struct lock_askers *askers, const struct crlock_lock *row, struct lock_waiter *waiter)
{
	for (size_t i = 0; i < askers->nr; i++) {
		struct lock_asker *asker = &askers->rows[i];

		if (!asker->tgid || !asks_for(asker, row, waiter))
			continue;
		waiter->pid = asker->tgid;
		asker->tgid = 0;
		return;
	}
}

static void join(struct lock_askers *askers, struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		struct lock *lock = &list->locks[i];

		for (size_t j = 0; j < lock->nr_waiters; j++) {
			if (is_unknown(&lock->waiters[j]))
				set_process(askers, &lock->row, &lock->waiters[j]);
		}
	}
}

int lock_find_askers(struct lock_list *list)
{
	struct lock_askers askers = { 0 };
	struct proc_pids pids = { 0 };
	int err = 0;

	if (!any_unknown(list))
		return 0;
	if (proc_pids_all(&pids) == -ENOMEM)
		err = -ENOMEM;
	err = err ?: lock_askers_read(&askers, &pids, 1U << CRLOCK_KIND_OFD);
	if (!err)
		join(&askers, list);
	lock_askers_free(&askers);
	proc_pids_free(&pids);
	return err;
}
