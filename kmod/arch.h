/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_ARCH_H
#define CRLOCK_ARCH_H

#include <linux/types.h>

struct task_struct;

#ifdef CONFIG_X86
bool crlock_arch_regs_atomic(struct task_struct *task);
#else
/* Where nobody has looked whether the functions behind regset_get() sleep, they are not called. */
static inline bool crlock_arch_regs_atomic(struct task_struct *task)
{
	return false;
}
#endif

#endif
