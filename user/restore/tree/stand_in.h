/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that had set locks and were gone before the dump: each is made once more, as a child of the lock's owner
 * that has the same table of descriptors, takes the lock, and ends. The kernel notes the id of who makes the call.
 */
#ifndef RESTORE_STAND_IN_H
#define RESTORE_STAND_IN_H

#include "restore/plan.h"
#include "restore/tree/puppet.h"

struct stand_in {
	bool verbose;
	/* Of the one that is there. */
	struct puppet *of;
	struct puppet puppet;
	struct lock_actor actor;
};

/**
 * stand_in_begin - Makes the process that set a lock, as begin of struct plan_stand_in.
 * @data: struct stand_in
 * @lock: if its target is driven, a puppet is the data of the target's actor
 *
 * Returns: NULL if that is the target itself, or not known, or if its id is taken.
 */
const struct lock_actor *stand_in_begin(void *data, const struct planned_lock *lock);

/** stand_in_end - Lets it end. */
void stand_in_end(void *data);

#endif
