// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <asm/cpufeature.h>
#include <asm/segment.h>

#include <linux/crlock.h>

#include "arch.h"

/**
 * crlock_arch_regs_atomic - Whether a thread's register sets can be read under a spinlock.
 * @task: does not run
 *
 * What user_regset_view offers on x86 copies from the thread's memory, with one exception: without
 * FSGSBASE the base of a segment that is in a local descriptor table is looked up there, under a mutex
 * (x86_fsgsbase_read_task() of arch/x86/kernel/process_64.c).
 */
bool crlock_arch_regs_atomic(struct task_struct *task)
{
#ifdef CONFIG_X86_64
	return boot_cpu_has(X86_FEATURE_FSGSBASE) ||
	       !((task->thread.fsindex | task->thread.gsindex) & SEGMENT_TI_MASK);
#else
	return true;
#endif
}

/** crlock_arch_task_flags - Bits of &enum crlock_task_flag that are of this architecture. */
u32 crlock_arch_task_flags(struct task_struct *task)
{
	u32 flags = 0;

	if (test_tsk_thread_flag(task, TIF_NOTSC))
		flags |= CRLOCK_TASK_NO_TSC;
	if (test_tsk_thread_flag(task, TIF_NOCPUID))
		flags |= CRLOCK_TASK_NO_CPUID;
	if (task->thread.iopl_emul)
		flags |= CRLOCK_TASK_IOPL;
	return flags;
}

/** crlock_arch_has_ldt - Whether an address space has a local descriptor table. */
bool crlock_arch_has_ldt(struct mm_struct *mm)
{
#ifdef CONFIG_MODIFY_LDT_SYSCALL
	return READ_ONCE(mm->context.ldt);
#else
	return false;
#endif
}
