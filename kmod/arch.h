/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_ARCH_H
#define CRLOCK_ARCH_H

#include <linux/types.h>

struct mm_struct;
struct task_struct;

#ifdef CONFIG_X86
bool crlock_arch_regs_atomic(struct task_struct *task);
u32 crlock_arch_task_flags(struct task_struct *task);
bool crlock_arch_has_ldt(struct mm_struct *mm);
#else
/* Where nobody has looked whether the functions behind regset_get() sleep, they are not called. */
static inline bool crlock_arch_regs_atomic(struct task_struct *task)
{
	return false;
}

static inline u32 crlock_arch_task_flags(struct task_struct *task)
{
	return 0;
}

static inline bool crlock_arch_has_ldt(struct mm_struct *mm)
{
	return false;
}
#endif

#endif
