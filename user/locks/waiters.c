// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that wait, from /proc/locks: the module cannot read them, for the kernel's lock of them is
 * not exported. Each line of a request, a breaker's <none>:0 too, stands beneath that of the lock that
 * it waits for, and one reading of a lock with its requests is in one moment.
 */
#include <errno.h>

#include "locks/index.h"
#include "locks/source.h"

int lock_take_waiter(struct lock *lock, const struct proc_lock *request)
{
	struct lock_waiter *waiter = lock_add_waiter(lock);

	if (!waiter)
		return -ENOMEM;
	waiter->pid = request->pid > 0 ? request->pid : 0;
	waiter->kind = request->kind == PROC_LOCK_KIND_UNKNOWN ? lock->row.kind : request->kind;
	waiter->type = request->type;
	waiter->start = request->start;
	waiter->end = request->end;
	waiter->breaker = request->state == PROC_LOCK_BREAKER;
	waiter->depth = request->depth;
	lock->row.state |= CRLOCK_LOCK_WAITERS;
	return 0;
}

#define TRIES 3

struct joining {
	struct lock_index index;
	struct proc_lock held; /* the line of the last that is held */
	bool looked_up;
	struct lock *lock; /* of that line; NULL: none */
};

static int join(const struct proc_lock *line, void *data)
{
	struct joining *joining = data;

	if (!line->depth) {
		joining->held = *line;
		joining->looked_up = false;
		return 0;
	}
	if (!joining->looked_up) {
		joining->lock = lock_index_take(&joining->index, &joining->held, true);
		/* By a reading before this one. */
		if (joining->lock && joining->lock->nr_waiters)
			joining->lock = NULL;
	}
	joining->looked_up = true;
	return joining->lock ? lock_take_waiter(joining->lock, line) : 0;
}

/* Whether there are requests that have not been read. */
static bool any_waiters(const struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (list->locks[i].row.state & CRLOCK_LOCK_WAITERS && !list->locks[i].nr_waiters)
			return true;
	}
	return false;
}

static int read_once(struct lock_list *list, const char *name, struct proc_locks_told *told)
{
	struct joining joining = { .looked_up = true };
	int err = lock_index_make(&joining.index, list);

	err = err ?: proc_locks_each(name, join, &joining, told);
	lock_index_free(&joining.index);
	return err;
}

int lock_read_waiters(struct lock_list *list, const char *name)
{
	struct proc_locks_told told = { 0 };
	int err = 0;

	/* A lock may be passed over with its requests, which may also be gone since the module told of them. */
	for (int tries = 0; !err && !told.at_once && tries < TRIES && any_waiters(list); tries++)
		err = read_once(list, name, &told);
	return err;
}
