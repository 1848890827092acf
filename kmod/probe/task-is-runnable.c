// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.12, cd9626e9ebc7: who sleeps may stay on the queue for a while. */
#include <linux/sched.h>

bool probe(struct task_struct *task);
bool probe(struct task_struct *task)
{
	return task_is_runnable(task);
}
