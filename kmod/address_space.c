// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told of an address space. It is its thread's while task_lock() is held; the addresses of its parts
 * are protected by arg_lock beneath that, but for brk, which like what is left is a word that is
 * written at once. exe_file is protected by RCU and has a reference of its own.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/membarrier.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "arch.h"
#include "id.h"
#include "process.h"

static u32 flags_of(struct mm_struct *mm)
{
	unsigned long flags = READ_ONCE(mm->flags), def_flags = READ_ONCE(mm->def_flags);
	u32 ret = 0;

	if (def_flags & VM_LOCKED)
		ret |= CRLOCK_MM_MCL_FUTURE;
	if (def_flags & VM_LOCKONFAULT)
		ret |= CRLOCK_MM_MCL_ONFAULT;
	if (flags & BIT(MMF_DISABLE_THP))
		ret |= CRLOCK_MM_THP_DISABLED;
	if (flags & CRLOCK_MMF_MERGE_ANY)
		ret |= CRLOCK_MM_MERGE_ANY;
	if (flags & CRLOCK_MMF_MDWE)
		ret |= CRLOCK_MM_MDWE;
	if (flags & CRLOCK_MMF_MDWE_NO_INHERIT)
		ret |= CRLOCK_MM_MDWE_NO_INHERIT;
	if (crlock_arch_has_ldt(mm))
		ret |= CRLOCK_MM_LDT;
	return ret;
}

/* As membarrier(2) with MEMBARRIER_CMD_GET_REGISTRATIONS. */
static u32 membarrier_of(struct mm_struct *mm)
{
	u32 ret = 0;
#ifdef CONFIG_MEMBARRIER
	int state = atomic_read(&mm->membarrier_state);

	if (state & MEMBARRIER_STATE_GLOBAL_EXPEDITED_READY)
		ret |= MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
	if (state & MEMBARRIER_STATE_PRIVATE_EXPEDITED_READY)
		ret |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	if (state & MEMBARRIER_STATE_PRIVATE_EXPEDITED_SYNC_CORE_READY)
		ret |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
	if (state & MEMBARRIER_STATE_PRIVATE_EXPEDITED_RSEQ_READY)
		ret |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
#endif
	return ret;
}

/* Pairs up to the one of AT_NULL, with it. */
static u32 auxv_size(const struct mm_struct *mm)
{
	u32 i = 0;

	while (i < AT_VECTOR_SIZE - 2 && READ_ONCE(mm->saved_auxv[i]))
		i += 2;
	return (i + 2) * sizeof(mm->saved_auxv[0]);
}

static void copy_addresses(struct crlock_process *row, struct mm_struct *mm)
{
	spin_lock(&mm->arg_lock);
	row->start_code = mm->start_code;
	row->end_code = mm->end_code;
	row->start_data = mm->start_data;
	row->end_data = mm->end_data;
	row->start_brk = mm->start_brk;
	row->brk = READ_ONCE(mm->brk);
	row->start_stack = mm->start_stack;
	row->arg_start = mm->arg_start;
	row->arg_end = mm->arg_end;
	row->env_start = mm->env_start;
	row->env_end = mm->env_end;
	spin_unlock(&mm->arg_lock);
}

static void copy_exe(struct crlock_process *row, const struct file *file)
{
	const struct inode *inode = file_inode(file);

	row->exe_id = crlock_id(file);
	row->exe_mount_id = crlock_id(file->f_path.mnt);
	row->exe_ino = inode->i_ino;
	row->exe_dev_major = MAJOR(inode->i_sb->s_dev);
	row->exe_dev_minor = MINOR(inode->i_sb->s_dev);
	row->exe_generation = inode->i_generation;
}

/**
 * crlock_mm_read - Reads what is told of a thread's address space. May sleep.
 * @row: gets it; nothing is changed if the thread has none
 * @task: the caller has a reference
 */
void crlock_mm_read(struct crlock_process *row, struct task_struct *task)
{
	struct file *exe = NULL;
	struct mm_struct *mm;

	task_lock(task);
	mm = task->mm;
	if (mm) {
		row->mm_id = crlock_id(mm);
		row->mm_flags = flags_of(mm);
		row->dumpable = get_dumpable(mm);
		row->membarrier = membarrier_of(mm);
		row->auxv_size = auxv_size(mm);
		copy_addresses(row, mm);
		exe = crlock_get_file(&mm->exe_file);
	}
	task_unlock(task);
	if (exe) {
		copy_exe(row, exe);
		fput(exe);
	}
}
