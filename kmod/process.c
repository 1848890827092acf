// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the threads of a process have in common: struct signal_struct and struct sighand_struct, both
 * protected by siglock.
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "id.h"
#include "process.h"
#include "thread.h"
#include "timers.h"

/* Signals and their masks are told as 64 bits. */
static_assert(_NSIG >= CRLOCK_SIGNALS);

/**
 * struct process_look - What a look is to read.
 * @rows: gets it
 * @ns: the reader's
 */
struct process_look {
	struct crlock_process_rows *rows;
	struct pid_namespace *ns;
};

static u32 flags_of(const struct signal_struct *signal)
{
	u32 flags = 0;

	if (signal->is_child_subreaper)
		flags |= CRLOCK_PROCESS_SUBREAPER;
	if (signal->flags & SIGNAL_STOP_STOPPED)
		flags |= CRLOCK_PROCESS_STOPPED;
	if (signal->group_stop_count)
		flags |= CRLOCK_PROCESS_STOPPING;
	if (signal->flags & SIGNAL_STOP_CONTINUED)
		flags |= CRLOCK_PROCESS_CONTINUED;
	if (signal->flags & SIGNAL_GROUP_EXIT)
		flags |= CRLOCK_PROCESS_EXITING;
	if (signal->core_state)
		flags |= CRLOCK_PROCESS_DUMPING_CORE;
	return flags;
}

static void copy_action(struct crlock_sigaction *row, const struct sigaction *action, u32 signum)
{
	*row = (struct crlock_sigaction){
		.handler = (unsigned long)action->sa_handler,
		.flags = action->sa_flags,
#ifdef __ARCH_HAS_SA_RESTORER
		.restorer = (unsigned long)action->sa_restorer,
#endif
		.mask = crlock_mask(&action->sa_mask),
		.signum = signum,
	};
}

static bool is_default(const struct crlock_sigaction *row)
{
	return !row->handler && !row->flags && !row->restorer && !row->mask;
}

static u32 copy_actions(struct crlock_sigaction *rows, const struct sighand_struct *sighand)
{
	u32 nr = 0, i;

	for (i = 0; i < CRLOCK_SIGNALS; i++) {
		copy_action(&rows[nr], &sighand->action[i].sa, i + 1);
		nr += !is_default(&rows[nr]);
	}
	return nr;
}

static int read_process(struct task_struct *task, void *data)
{
	const struct process_look *look = data;
	const struct sighand_struct *sighand = rcu_dereference(task->sighand);
	struct task_struct *leader = task->group_leader;
	struct crlock_process *row = &look->rows->process;

	*row = (struct crlock_process){
		.signal_id = (unsigned long)task->signal,
		.sighand_id = (unsigned long)sighand,
		.flags = flags_of(task->signal),
		.tgid = task_tgid_nr_ns(task, look->ns),
		.ppid = task_tgid_nr_ns(rcu_dereference(leader->real_parent), look->ns),
		.exit_signal = max(leader->exit_signal, 0),
	};
	crlock_itimers_copy(row, task);
	row->nr_sigactions = copy_actions(look->rows->actions, sighand);
	return 0;
}

/**
 * crlock_process_read - Reads what a process's threads have in common, but for its address space and timers.
 * @rows: gets it; ids are ids
 * @task: one of its threads; the caller has a reference
 * @ns: the reader's
 *
 * Return: 0, or -ESRCH if the thread has been reaped.
 */
int crlock_process_read(struct crlock_process_rows *rows, struct task_struct *task,
			struct pid_namespace *ns)
{
	struct process_look look = { .rows = rows, .ns = ns };
	int err;

	err = crlock_siglock_look(task, read_process, &look);
	if (err)
		return err;
	rows->process.signal_id = crlock_id_of_address(rows->process.signal_id);
	rows->process.sighand_id = crlock_id_of_address(rows->process.sighand_id);
	return 0;
}
