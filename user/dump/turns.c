// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "dump/turns.h"
#include "image/say.h"
#include "locks/askers.h"

void turns_read(struct lock_queues *queues, pid_t root)
{
	int err = lock_queues_read(queues, root);

	if (!err)
		return;
	lock_queues_free(queues);
	/* That there is no such process is told by who stops it. */
	if (err != -ESRCH)
		say_warning("the order in which locks are waited for: %s", strerror(-err));
}

static bool still_waits(pid_t tid)
{
	return lock_is_asking(trace_repeated_call(tid));
}

void turns_settle(struct lock_queues *queues)
{
	lock_queues_keep(queues, still_waits);
}

static bool let_go(pid_t tid, void *tree)
{
	return trace_tree_release_thread(tree, tid);
}

void turns_take(const struct lock_queues *queues, struct trace_tree *tree)
{
	size_t unseen = lock_queues_let_go(queues, let_go, tree);

	if (unseen)
		say_warning(
			"%zu threads were not seen to wait for their locks again: their order may be another",
			unseen);
}
