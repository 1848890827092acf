/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_TASKS_H
#define CRLOCK_TASKS_H

#include <linux/types.h>

#include "keyed.h"

struct task_struct;

/**
 * struct crlock_tasks - A walk over all threads of the machine.
 * @nr: id, in the initial pid namespace, of the thread that is next at the earliest
 * @seen: tables of descriptors and address spaces that were met in threads other than a leader
 */
struct crlock_tasks {
	pid_t nr;
	struct crlock_keyed seen;
};

void crlock_tasks_init(struct crlock_tasks *tasks, struct crlock_budget *budget);
void crlock_tasks_free(struct crlock_tasks *tasks);
struct task_struct *crlock_tasks_next(struct crlock_tasks *tasks);
int crlock_tasks_new_files(struct crlock_tasks *tasks, struct task_struct *task);
int crlock_tasks_new_mm(struct crlock_tasks *tasks, struct task_struct *task);

#endif
