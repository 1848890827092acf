/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_PROCESS_H
#define CRLOCK_PROCESS_H

#include <linux/crlock.h>

struct pid_namespace;
struct task_struct;

/**
 * struct crlock_process_rows - What is told once for a process.
 * @process: its row
 * @actions: what it does on signals; only those that are not by default
 *
 * How many rows there are is in the row of the process.
 */
struct crlock_process_rows {
	struct crlock_process process;
	struct crlock_sigaction actions[CRLOCK_SIGNALS];
};

int crlock_process_read(struct crlock_process_rows *rows, struct task_struct *task,
			struct pid_namespace *ns);
void crlock_mm_read(struct crlock_process *row, struct task_struct *task);

#endif
