// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.3, ee3e3ac05c26: rseq areas have a length. */
#include <linux/sched.h>

u32 probe(struct task_struct *task);
u32 probe(struct task_struct *task)
{
	return task->rseq_len;
}
