// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of one thread.
 *
 * Most of it the thread alone writes, outside of any lock: of a thread that does not run, which siglock and
 * pi_lock keep so, it stands still, and of one that runs each word is whole. Of what it shares with others
 * only addresses are read. Masks of signals are protected by siglock, credentials by RCU.
 */
#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>

#include "arch.h"
#include "id.h"
#include "restart.h"
#include "task_state.h"
#include "thread.h"

/**
 * struct task_look - What a look is to read.
 * @row: gets it; ids are addresses
 * @restart: how its system call goes on
 */
struct task_look {
	struct crlock_task *row;
	struct crlock_restart restart;
};

static u32 flags_of(struct task_struct *task)
{
	u32 flags = crlock_arch_task_flags(task);

	if (task->flags & PF_EXITING)
		flags |= CRLOCK_TASK_EXITING;
	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER))
		flags |= CRLOCK_TASK_WORKER;
	if (READ_ONCE(task->vfork_done))
		flags |= CRLOCK_TASK_VFORK;
	if (test_tsk_restore_sigmask(task))
		flags |= CRLOCK_TASK_SAVED_MASK;
#ifdef CONFIG_NUMA
	if (READ_ONCE(task->mempolicy))
		flags |= CRLOCK_TASK_MEMPOLICY;
#endif
	return flags;
}

static void copy_ids(struct crlock_task *row, struct task_struct *task)
{
	row->mm_id = (unsigned long)READ_ONCE(task->mm);
	row->files_id = (unsigned long)READ_ONCE(task->files);
	row->fs_id = (unsigned long)READ_ONCE(task->fs);
	row->sighand_id = (unsigned long)rcu_access_pointer(task->sighand);
	row->signal_id = (unsigned long)task->signal;
#ifdef CONFIG_SYSVIPC
	row->sem_undo_id = (unsigned long)READ_ONCE(task->sysvsem.undo_list);
#endif
#ifdef CONFIG_BLOCK
	row->io_context_id = (unsigned long)READ_ONCE(task->io_context);
#endif
}

static void copy_signals(struct crlock_task *row, struct task_struct *task)
{
	row->blocked = crlock_mask(&task->blocked);
	row->real_blocked = crlock_mask(&task->real_blocked);
	row->saved_mask = crlock_mask(&task->saved_sigmask);
	row->sas_sp = task->sas_ss_sp;
	row->sas_size = task->sas_ss_size;
	row->sas_flags = task->sas_ss_flags & SS_FLAG_BITS;
	if (!task->sas_ss_size)
		row->sas_flags |= SS_DISABLE;
	row->pdeath_signal = task->pdeath_signal;
	row->stop_signal = task->jobctl & JOBCTL_STOP_SIGMASK;
}

static void copy_addresses(struct crlock_task *row, struct task_struct *task)
{
	row->set_child_tid = (unsigned long)task->set_child_tid;
	row->clear_child_tid = (unsigned long)task->clear_child_tid;
#ifdef CONFIG_FUTEX
	row->robust_list = (unsigned long)task->robust_list;
#ifdef CONFIG_COMPAT
	row->compat_robust_list = (unsigned long)task->compat_robust_list;
#endif
#endif
#ifdef CONFIG_RSEQ
	row->rseq = (unsigned long)task->rseq;
	row->rseq_len = crlock_rseq_len(task);
	row->rseq_sig = task->rseq_sig;
#endif
}

static void copy_dispatch(struct crlock_task *row, struct task_struct *task)
{
#ifdef CONFIG_GENERIC_ENTRY
	if (!test_task_syscall_work(task, SYSCALL_USER_DISPATCH))
		return;
	row->flags |= CRLOCK_TASK_DISPATCH;
	row->dispatch_selector = (unsigned long)task->syscall_dispatch.selector;
	row->dispatch_offset = task->syscall_dispatch.offset;
	row->dispatch_len = task->syscall_dispatch.len;
#endif
}

static void clear(struct crlock_task *row)
{
	*row = (struct crlock_task){ .tgid = row->tgid, .tid = row->tid };
}

static int read_task(struct task_struct *task, void *data)
{
	struct task_look *look = data;
	struct crlock_task *row = look->row;

	clear(row);
	row->state = crlock_thread_state(task);
	row->flags = flags_of(task);
	row->timer_slack_ns = task->timer_slack_ns;
	row->default_timer_slack_ns = task->default_timer_slack_ns;
	row->securebits = __task_cred(task)->securebits;
	copy_ids(row, task);
	copy_signals(row, task);
	copy_addresses(row, task);
	copy_dispatch(row, task);
	if (row->state == CRLOCK_THREAD_RUNNING || row->state == CRLOCK_THREAD_DEAD)
		return 0;
	if (!crlock_thread_settled(task))
		return -EBUSY;
	crlock_restart_note(&look->restart, task);
	return 0;
}

static void make_ids(struct crlock_task *row)
{
	u64 *ids[] = { &row->mm_id,	&row->files_id,	   &row->fs_id,	       &row->sighand_id,
		       &row->signal_id, &row->sem_undo_id, &row->io_context_id };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		*ids[i] = crlock_id_of_address(*ids[i]);
}

/**
 * crlock_task_read - Reads the state of a thread. May sleep.
 * @row: gets it; its tgid and tid are kept
 * @task: the caller has a reference
 *
 * Of one that was reaped the state is %CRLOCK_THREAD_DEAD, and all else 0.
 */
void crlock_task_read(struct crlock_task *row, struct task_struct *task)
{
	struct task_look look = { .row = row };
	int err;

	err = crlock_thread_look(task, read_task, &look);
	if (err == -ESRCH) {
		clear(row);
		row->state = CRLOCK_THREAD_DEAD;
	} else if (err) {
		/* It did not come to rest. */
		row->state = CRLOCK_THREAD_RUNNING;
	} else {
		crlock_restart_tell(row, &look.restart);
	}
	make_ids(row);
}
