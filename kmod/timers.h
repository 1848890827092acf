/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_TIMERS_H
#define CRLOCK_TIMERS_H

#include "rows.h"

struct crlock_process;
struct pid_namespace;
struct task_struct;

#ifdef CONFIG_POSIX_TIMERS
void crlock_itimers_copy(struct crlock_process *row, struct task_struct *task);
int crlock_timers_copy(struct crlock_rows *rows, struct task_struct *task,
		       struct pid_namespace *ns);
void crlock_timers_count(struct crlock_rows *rows, struct task_struct *task);
#else
static inline void crlock_itimers_copy(struct crlock_process *row, struct task_struct *task)
{
}

static inline int crlock_timers_copy(struct crlock_rows *rows, struct task_struct *task,
				     struct pid_namespace *ns)
{
	rows->nr = 0;
	return 0;
}

static inline void crlock_timers_count(struct crlock_rows *rows, struct task_struct *task)
{
}
#endif

#endif
