// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that wait, from /proc/locks: the module cannot read them, for the kernel's lock of them is
 * not exported. Each line of a request, a breaker's <none>:0 too, stands beneath that of the lock that
 * it waits for, and one reading of a lock with its requests is in one moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

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

static int join(struct lock_index *index, struct proc_lines *lines)
{
	struct proc_lock held = { 0 }, line;
	struct lock *lock = NULL;
	struct proc_text text;
	bool looked_up = true;
	int ret, err = 0;

	while (!err && (ret = proc_lines_next(lines, &text))) {
		if (ret < 0)
			return ret;
		if (proc_lock_parse(text, &line))
			continue;
		if (!line.depth) {
			held = line;
			looked_up = false;
			continue;
		}
		if (!looked_up)
			lock = lock_index_take(index, &held, true);
		looked_up = true;
		if (lock)
			err = lock_take_waiter(lock, &line);
	}
	return err;
}

static bool any_waiters(const struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (list->locks[i].row.state & CRLOCK_LOCK_WAITERS)
			return true;
	}
	return false;
}

int lock_read_waiters(struct lock_list *list, const char *name)
{
	struct lock_index index = { 0 };
	struct proc_lines *lines;
	int err;

	if (!any_waiters(list))
		return 0;
	lines = malloc(sizeof(*lines));
	err = lines ? lock_index_make(&index, list) : -ENOMEM;
	if (!err)
		err = proc_lines_open(lines, AT_FDCWD, name);
	if (!err) {
		err = join(&index, lines);
		proc_lines_close(lines);
	}
	lock_index_free(&index);
	free(lines);
	return err;
}
