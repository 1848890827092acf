// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "image/say.h"
#include "restore/tree/actor.h"
#include "restore/tree/stand_in.h"

const struct lock_actor *stand_in_begin(void *data, const struct planned_lock *lock)
{
	struct stand_in *stand_in = data;
	pid_t setter = lock->lock->row.pid, target = lock->by->target->pid;
	int ret;

	stand_in->of = lock->by->target->actor.data;
	if (setter <= 0 || setter == target || !stand_in->of)
		return NULL;
	ret = puppet_clone(&stand_in->puppet, stand_in->of, setter, CLONE_VM | CLONE_FILES);
	if (ret) {
		if (stand_in->verbose)
			say_info("%s: process %d, which set a lock, cannot be made again: %s; %d takes it",
				 lock->file->file->path, setter,
				 ret == -EEXIST ? "the id is taken" : strerror(-ret), target);
		return NULL;
	}
	stand_in->actor = puppet_actor(&stand_in->puppet);
	return &stand_in->actor;
}

void stand_in_end(void *data)
{
	struct stand_in *stand_in = data;
	const unsigned long status[6] = { 0 };

	puppet_call_last(&stand_in->puppet, SYS_exit_group, status);
	/* It ended without a signal to its parent, who has to be rid of it. */
	puppet_call(stand_in->of, SYS_wait4, stand_in->puppet.tid, 0, __WALL, 0);
}
