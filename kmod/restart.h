/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_RESTART_H
#define CRLOCK_RESTART_H

#include <linux/restart_block.h>
#include <linux/types.h>

struct crlock_task;
struct task_struct;

/**
 * struct crlock_restart - What tells how a thread's system call goes on.
 * @is_set: it goes on by its restart block
 * @block: a copy of that
 * @op: second argument of the call
 */
struct crlock_restart {
	bool is_set;
	struct restart_block block;
	unsigned long op;
};

void crlock_restart_note(struct crlock_restart *restart, struct task_struct *task);
void crlock_restart_tell(struct crlock_task *row, const struct crlock_restart *restart);

#endif
