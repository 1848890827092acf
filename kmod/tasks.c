// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk over all threads, by ascending id: it can be left and gone on with at any thread, whichever
 * come and go meanwhile. Threads of a process usually share one table of descriptors and one address
 * space; each is to be visited once for a process.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "tasks.h"

/* A table of descriptors, or an address space, that was met in a thread other than a leader. */
struct seen {
	const void *object;
	pid_t tgid;
};

/** crlock_tasks_init - Begins a walk; crlock_tasks_free() ends it. */
void crlock_tasks_init(struct crlock_tasks *tasks, struct crlock_budget *budget)
{
	tasks->nr = 1;
	crlock_keyed_init(&tasks->seen, budget, sizeof(struct seen));
}

/** crlock_tasks_free - Frees what a walk has. */
void crlock_tasks_free(struct crlock_tasks *tasks)
{
	crlock_keyed_free(&tasks->seen);
}

/**
 * crlock_tasks_next - The next thread that is not the kernel's own.
 * @tasks: the walk
 *
 * Return: the thread, with a reference that put_task_struct() gives back; NULL at the end.
 */
struct task_struct *crlock_tasks_next(struct crlock_tasks *tasks)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	while (!task) {
		rcu_read_lock();
		pid = find_ge_pid(tasks->nr, &init_pid_ns);
		if (pid) {
			tasks->nr = pid_nr(pid) + 1;
			task = pid_task(pid, PIDTYPE_PID);
		}
		if (task && task->flags & PF_KTHREAD)
			task = NULL;
		if (task)
			get_task_struct(task);
		rcu_read_unlock();
		if (!pid)
			break;
	}
	return task;
}

/*
 * Whether an object of a thread is to be visited. @leaders is what the thread's leader has in its place;
 * pointers are compared only. Return: 1, 0, or an error.
 */
static int is_new(struct crlock_tasks *tasks, const struct task_struct *task, const void *object,
		  const void *leaders)
{
	struct crlock_slot *slot;
	struct seen *seen;
	int err;

	if (!object)
		return 0;
	if (thread_group_leader((struct task_struct *)task))
		return 1;
	if (object == leaders)
		return 0;
	err = crlock_keyed_reserve(&tasks->seen, 1);
	if (err)
		return err;
	slot = crlock_keyed_slot(&tasks->seen, object);
	seen = crlock_keyed_at(&tasks->seen, slot);
	if (seen && seen->tgid == task->tgid)
		return 0;
	seen = crlock_keyed_add(&tasks->seen, slot, object);
	seen->tgid = task->tgid;
	return 1;
}

/**
 * crlock_tasks_new_files - Whether a thread is the first of its process with its table of descriptors.
 * @tasks: the walk
 * @task: from crlock_tasks_next()
 *
 * It is the leader's, unless the leader has exited or the thread has a table of its own.
 *
 * Return: 1, 0, -ENOBUFS or -ENOMEM.
 */
int crlock_tasks_new_files(struct crlock_tasks *tasks, struct task_struct *task)
{
	const void *leaders = NULL;

	rcu_read_lock();
	if (pid_alive(task))
		leaders = READ_ONCE(task->group_leader->files);
	rcu_read_unlock();
	return is_new(tasks, task, READ_ONCE(task->files), leaders);
}

/** crlock_tasks_new_mm - As crlock_tasks_new_files(), for the address space. */
int crlock_tasks_new_mm(struct crlock_tasks *tasks, struct task_struct *task)
{
	const void *leaders = NULL;

	rcu_read_lock();
	if (pid_alive(task))
		leaders = READ_ONCE(task->group_leader->mm);
	rcu_read_unlock();
	return is_new(tasks, task, READ_ONCE(task->mm), leaders);
}
