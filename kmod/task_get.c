// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRLOCK_CMD_TASK_GET: the state of the threads of some processes.
 *
 * Which threads there are is found out first, with a reference to each. A process is read when its turn comes
 * to be told, and its threads one by one.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <linux/crlock.h>

#include "budget.h"
#include "dump.h"
#include "filter.h"
#include "process.h"
#include "rows.h"
#include "task_get.h"
#include "task_state.h"
#include "tasks.h"
#include "timers.h"

#define NO_ROW U32_MAX

/**
 * struct thread_row - A thread that is to be told.
 * @task: a reference
 * @tid: its id in the reader's pid namespace, which it loses when it is reaped
 * @next: index of the next of its process, or %NO_ROW
 */
struct thread_row {
	struct task_struct *task;
	pid_t tid;
	u32 next;
};

/**
 * struct process_row - A process of the filter, at the same index.
 * @tgid: its id in the reader's pid namespace
 * @first: chain of its threads, ascending, or %NO_ROW
 * @last: its end
 * @nr: its length
 */
struct process_row {
	pid_t tgid;
	u32 first;
	u32 last;
	u32 nr;
};

/**
 * struct task_get - One dump.
 * @common: what all dumps have
 * @filter: names the processes
 * @budget: memory of the rest
 * @pid_ns: the reader's; a reference
 * @threads: &struct thread_row
 * @processes: as many as the filter has tgids
 * @process: index of the process that is being told
 * @begun: it has been read
 * @rows: of the process
 * @timers: of the process
 * @put_process: its own row was told
 * @next_action: index of the row that is to be told next
 * @next_timer: the same
 * @next_thread: the same, or %NO_ROW
 */
struct task_get {
	struct crlock_dump common;
	struct crlock_filter filter;
	struct crlock_budget budget;
	struct pid_namespace *pid_ns;
	struct crlock_rows threads;
	struct process_row *processes;
	u32 process;
	bool begun;
	struct crlock_process_rows rows;
	struct crlock_rows timers;
	bool put_process;
	u32 next_action;
	u32 next_timer;
	u32 next_thread;
};

/* Finding the threads ------------------------------------------------------------------------------ */

static struct thread_row *thread_at(struct task_get *get, u32 index)
{
	return crlock_row(&get->threads, index);
}

static size_t processes_size(const struct task_get *get)
{
	return get->filter.nr_tgids * sizeof(struct process_row);
}

static int make_processes(struct task_get *get)
{
	struct process_row *processes = crlock_alloc(&get->budget, processes_size(get), __GFP_ZERO);
	u32 i;

	if (IS_ERR(processes))
		return PTR_ERR(processes);
	for (i = 0; i < get->filter.nr_tgids; i++)
		processes[i].first = NO_ROW;
	get->processes = processes;
	return 0;
}

static void put_references(struct task_get *get)
{
	u32 i;

	for (i = 0; !get->threads.counting && i < get->threads.nr; i++) {
		put_task_struct(thread_at(get, i)->task);
		cond_resched();
	}
}

/* Makes room for a thread; beyond the budget they are given up, and only counted. Return: 0 or -ENOMEM. */
static int make_room(struct task_get *get)
{
	int err = crlock_rows_reserve(&get->threads, 1);

	if (err != -ENOBUFS)
		return err;
	put_references(get);
	crlock_rows_count(&get->threads);
	return crlock_rows_reserve(&get->threads, 1);
}

static void link_thread(struct task_get *get, struct process_row *process, u32 index)
{
	if (process->nr++)
		thread_at(get, process->last)->next = index;
	else
		process->first = index;
	process->last = index;
}

/* Takes the reference over, also with an error. Return: 0 or -ENOMEM. */
static int add_thread(struct task_get *get, struct process_row *process, struct task_struct *task)
{
	pid_t tid = task_pid_nr_ns(task, get->pid_ns);
	u32 index = get->threads.nr;
	struct thread_row *row = NULL;
	int err = 0;

	/* Without an id it has been reaped since it was found. */
	if (tid) {
		err = make_room(get);
		row = err ? NULL : crlock_rows_add(&get->threads);
	}
	if (!row) {
		put_task_struct(task);
		return err;
	}
	*row = (struct thread_row){ .task = task, .tid = tid, .next = NO_ROW };
	link_thread(get, process, index);
	process->tgid = task_tgid_nr_ns(task, get->pid_ns);
	return 0;
}

static int find_threads(struct task_get *get)
{
	struct crlock_tasks tasks;
	struct task_struct *task;
	int index, err = 0;

	crlock_tasks_init(&tasks, &get->budget);
	while (!err && (task = crlock_tasks_next(&tasks))) {
		index = crlock_filter_index(&get->filter, task_tgid_nr(task));
		if (index >= 0)
			err = add_thread(get, &get->processes[index], task);
		else
			put_task_struct(task);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	crlock_tasks_free(&tasks);
	return err;
}

static int build(struct task_get *get, struct netlink_callback *cb)
{
	int err;

	err = crlock_filter_parse_dump(&get->filter, cb);
	if (err)
		return err;
	if (!get->filter.nr_tgids) {
		NL_SET_ERR_MSG(cb->extack, "TGID: is missing");
		return -EINVAL;
	}
	get->pid_ns = get_pid_ns(task_active_pid_ns(current));
	get->budget.max = crlock_budget_max();
	crlock_rows_init(&get->threads, &get->budget, sizeof(struct thread_row));
	crlock_rows_init(&get->timers, &get->budget, sizeof(struct crlock_timer));
	err = make_processes(get) ?: find_threads(get);
	if (!err && get->threads.counting)
		return crlock_dump_lack(&get->common, -ENOBUFS, get->budget.most);
	return crlock_dump_lack(&get->common, err, 0);
}

/* Reading a process --------------------------------------------------------------------------------- */

/* Of the processes that have not been told yet those with the most timers decide how much is needed. */
static void count_others(struct task_get *get)
{
	u32 i, first;

	for (i = get->process + 1; i < get->filter.nr_tgids; i++) {
		first = get->processes[i].first;
		if (first != NO_ROW)
			crlock_timers_count(&get->timers, thread_at(get, first)->task);
		cond_resched();
	}
}

/* What went wrong with a process ends the dump; -ESRCH: it is gone. */
static int read_timers(struct task_get *get, const struct process_row *process,
		       struct task_struct *task)
{
	int err = crlock_timers_copy(&get->timers, task, get->pid_ns);

	if (err == -EAGAIN)
		scnprintf(get->common.text, sizeof(get->common.text),
			  "TGID: process %d makes or deletes timers all the time", process->tgid);
	if (err == -ENOBUFS) {
		count_others(get);
		crlock_dump_lack(&get->common, err, get->budget.most);
	}
	return err;
}

static void read_mm(struct task_get *get, const struct process_row *process)
{
	u32 index = process->first;

	/* A leader that has exited before the others has no address space. */
	while (index != NO_ROW && !get->rows.process.mm_id) {
		crlock_mm_read(&get->rows.process, thread_at(get, index)->task);
		index = thread_at(get, index)->next;
	}
}

/* By the first of its threads that has not been reaped. Return: as read_timers(). */
static int read_process(struct task_get *get, const struct process_row *process)
{
	u32 index = process->first;
	int err = -ESRCH;

	while (index != NO_ROW && err == -ESRCH) {
		struct thread_row *thread = thread_at(get, index);

		err = crlock_process_read(&get->rows, thread->task, get->pid_ns);
		err = err ?: read_timers(get, process, thread->task);
		index = thread->next;
	}
	if (err)
		return err;
	read_mm(get, process);
	get->rows.process.tgid = process->tgid;
	get->rows.process.nr_tasks = process->nr;
	get->rows.process.nr_timers = get->timers.nr;
	return 0;
}

/* Telling ------------------------------------------------------------------------------------------ */

static int put_process(struct task_get *get, struct sk_buff *skb)
{
	if (get->put_process)
		return 0;
	if (nla_put(skb, CRLOCK_A_PROCESS, sizeof(get->rows.process), &get->rows.process))
		return -EMSGSIZE;
	get->put_process = true;
	return 0;
}

static int put_actions(struct task_get *get, struct sk_buff *skb)
{
	while (get->next_action < get->rows.process.nr_sigactions) {
		const struct crlock_sigaction *row = &get->rows.actions[get->next_action];

		if (nla_put(skb, CRLOCK_A_SIGACTION, sizeof(*row), row))
			return -EMSGSIZE;
		get->next_action++;
	}
	return 0;
}

static int put_timers(struct task_get *get, struct sk_buff *skb)
{
	while (get->next_timer < get->timers.nr) {
		const struct crlock_timer *row = crlock_row(&get->timers, get->next_timer);

		if (nla_put(skb, CRLOCK_A_TIMER, sizeof(*row), row))
			return -EMSGSIZE;
		get->next_timer++;
	}
	return 0;
}

static int put_threads(struct task_get *get, const struct process_row *process,
		       struct sk_buff *skb)
{
	while (get->next_thread != NO_ROW) {
		struct thread_row *thread = thread_at(get, get->next_thread);
		struct crlock_task row = { .tgid = process->tgid, .tid = thread->tid };

		if (skb_tailroom(skb) < nla_total_size(sizeof(row)))
			return -EMSGSIZE;
		crlock_task_read(&row, thread->task);
		if (nla_put(skb, CRLOCK_A_TASK, sizeof(row), &row))
			return -EMSGSIZE;
		get->next_thread = thread->next;
		cond_resched();
	}
	return 0;
}

/* Return: 0 once all of it is in a message, -EMSGSIZE if there is more, or as read_process(). */
static int put_rows_of(struct task_get *get, const struct process_row *process, struct sk_buff *skb)
{
	int err;

	if (!get->begun) {
		err = read_process(get, process);
		if (err)
			return err == -ESRCH ? 0 : err;
		get->begun = true;
		get->put_process = false;
		get->next_action = 0;
		get->next_timer = 0;
		get->next_thread = process->first;
	}
	return put_process(get, skb) ?: put_actions(get, skb) ?: put_timers(get, skb) ?:
	       put_threads(get, process, skb);
}

static void put_rows(struct task_get *get, struct sk_buff *skb)
{
	int err;

	while (get->process < get->filter.nr_tgids) {
		err = put_rows_of(get, &get->processes[get->process], skb);
		if (err) {
			if (err != -EMSGSIZE)
				get->common.err = err;
			return;
		}
		get->process++;
		get->begun = false;
	}
}

int crlock_task_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct task_get *get;
	unsigned int empty;
	void *header;
	int err;

	get = crlock_dump_state(cb, sizeof(*get));
	if (IS_ERR(get))
		return PTR_ERR(get);
	if (!get->common.built) {
		get->common.built = true;
		get->common.err = crlock_dump_may(cb, true) ?: build(get, cb);
	}
	err = crlock_dump_error(&get->common, skb, cb, CRLOCK_CMD_TASK_GET);
	if (err)
		return err;
	header = crlock_dump_begin(skb, cb, CRLOCK_CMD_TASK_GET);
	if (!header)
		return -EMSGSIZE;
	empty = skb->len;
	put_rows(get, skb);
	if (skb->len == empty) {
		genlmsg_cancel(skb, header);
		return crlock_dump_error(&get->common, skb, cb, CRLOCK_CMD_TASK_GET);
	}
	genlmsg_end(skb, header);
	return skb->len;
}

int crlock_task_get_done(struct netlink_callback *cb)
{
	struct task_get *get = crlock_dump_take(cb);

	if (!get)
		return 0;
	put_references(get);
	crlock_rows_free(&get->threads);
	crlock_rows_free(&get->timers);
	crlock_free(&get->budget, get->processes, processes_size(get));
	crlock_filter_free(&get->filter);
	if (get->pid_ns)
		put_pid_ns(get->pid_ns);
	kfree(get);
	return 0;
}
