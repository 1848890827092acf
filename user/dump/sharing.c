// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/sharing.h"
#include "locks/sharing.h"

static bool is_outside(const struct crlock_holder *holder, const struct trace_tree *tree,
		       const struct flights *flights)
{
	return !trace_tree_has(tree, holder->tgid) && !flights_to(flights, holder) &&
	       !flights_have_duplicate(flights, holder);
}

/* Where it cannot be told it is taken to be so: what is shared is not to pass for what is not. */
static bool has_table(const struct crlock_holder *holder, const struct lock *lock)
{
	if (holder->kind != CRLOCK_HOLDER_DESCRIPTOR)
		return false;
	if (holder->files_id)
		return holder->files_id == lock->row.owner_id;
	return syscall(SYS_kcmp, lock->row.pid, holder->tid, KCMP_FILES, 0, 0) <= 0;
}

/* A POSIX lock is not the description's: who has that alone can neither keep the lock nor lose it. */
static bool has_lock(const struct crlock_holder *holder, const struct lock *lock)
{
	return lock->row.kind != CRLOCK_KIND_POSIX || has_table(holder, lock);
}

static int find(struct lock *lock, const struct trace_tree *tree, const struct flights *flights)
{
	struct lock_sharing *sharing = calloc(1, sizeof(*sharing));
	int ret = 0;

	if (!sharing)
		return -ENOMEM;
	lock->sharing = sharing;
	sharing->shared = lock->unknown & LOCK_UNKNOWN_HOLDERS ? LOCK_SHARED_UNKNOWN : LOCK_SHARED_NO;
	for (size_t i = 0; !ret && i < lock->nr_holders; i++) {
		const struct lock_holder *holder = &lock->holders[i];

		if (is_outside(&holder->row, tree, flights) && has_lock(&holder->row, lock))
			ret = lock_sharing_add(sharing, &holder->row, holder->comm);
	}
	return ret;
}

int find_sharing(struct lock_list *list, const struct trace_tree *tree, const struct flights *flights)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < list->nr; i++)
		ret = find(&list->locks[i], tree, flights);
	return ret;
}
