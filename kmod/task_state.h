/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_TASK_STATE_H
#define CRLOCK_TASK_STATE_H

#include <linux/crlock.h>

struct task_struct;

void crlock_task_read(struct crlock_task *row, struct task_struct *task);

#endif
