// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that do not run, and their registers.
 *
 * A thread's registers are in its kernel stack and in its struct thread_struct once it has left its CPU.
 * It is kept from coming back by its pi_lock, which every wake-up takes (try_to_wake_up()); its tracer, that
 * could write them, by siglock, under which ptrace_freeze_traced() marks the thread. While both are held
 * the thread can neither run nor exit, so that its stack stays; the copy goes to memory made before.
 */
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/mm.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arch.h"
#include "thread.h"

/*
 * A thread that was told to stop is seen as stopped a moment before it has left its CPU, and one that its
 * tracer looks at is let go soon; unless the CPU is a virtual one that the host takes away just then.
 */
#define TRIES 1000
#define QUICK 100
#define PAUSE 50 /* microseconds */

/**
 * crlock_regs_size - Bytes that all register sets of a thread take at most.
 * @task: the thread; its stack must be known to be there, for the view looks at what it was entered with
 */
u32 crlock_regs_size(struct task_struct *task)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	u32 size = 0, i;

	for (i = 0; i < view->n; i++)
		size += view->regsets[i].n * view->regsets[i].size;
	return size;
}

/** crlock_regs_free - Frees the buffer, which holds what a process may have wanted to keep secret. */
void crlock_regs_free(struct crlock_regs *regs)
{
	kvfree_sensitive(regs->data, regs->size);
	regs->data = NULL;
	regs->size = 0;
}

/* Return: 0 or -ENOMEM. */
static int make_room(struct crlock_regs *regs)
{
	u32 size = regs->lacking;

	crlock_regs_free(regs);
	regs->data = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!regs->data)
		return -ENOMEM;
	regs->size = size;
	return 0;
}

/**
 * crlock_siglock_try - Calls a function while a thread's siglock is held. Does not sleep.
 * @task: the caller has a reference
 * @fn: is called under that spinlock, in an RCU section
 * @data: for @fn
 *
 * Until @fn returns, the thread's signal and sighand stay, and no thread of its process is reaped.
 *
 * Return: as @fn; -ESRCH if the thread has been reaped; -EBUSY: try again.
 */
int crlock_siglock_try(struct task_struct *task, crlock_thread_fn *fn, void *data)
{
	struct sighand_struct *sighand;
	unsigned long flags;
	int err;

	rcu_read_lock();
	/* sighand_cachep is SLAB_TYPESAFE_BY_RCU, see __lock_task_sighand() of kernel/signal.c. */
	sighand = rcu_dereference(task->sighand);
	if (!sighand) {
		rcu_read_unlock();
		return -ESRCH;
	}
	spin_lock_irqsave(&sighand->siglock, flags);
	/* An exec may have given the thread another in between. */
	if (sighand == rcu_access_pointer(task->sighand))
		err = fn(task, data);
	else
		err = -EBUSY;
	spin_unlock_irqrestore(&sighand->siglock, flags);
	rcu_read_unlock();
	return err;
}

/**
 * crlock_siglock_look - Calls crlock_siglock_try() until it is no longer -EBUSY. May sleep.
 * @task: the caller has a reference
 * @fn: what to call
 * @data: for @fn
 *
 * Until @fn returns, the thread's signal and sighand stay, and no thread of its process is reaped.
 *
 * Return: as @fn; -ESRCH if the thread has been reaped; -EAGAIN if @fn gave -EBUSY all the time; -EINTR if
 * the caller is being killed meanwhile.
 */
int crlock_siglock_look(struct task_struct *task, crlock_thread_fn *fn, void *data)
{
	int i, err;

	for (i = 0; i < TRIES; i++) {
		err = crlock_siglock_try(task, fn, data);
		if (err != -EBUSY)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (i < QUICK)
			cond_resched();
		else
			usleep_range(PAUSE, 2 * PAUSE);
	}
	return -EAGAIN;
}

/**
 * struct still_look - A look that needs the thread's pi_lock too.
 * @fn: what to call
 * @data: for @fn
 */
struct still_look {
	crlock_thread_fn *fn;
	void *data;
};

static int look_still(struct task_struct *task, void *data)
{
	const struct still_look *look = data;
	unsigned long flags;
	int err;

	/* With PREEMPT_RT siglock leaves interrupts on, and wake-ups that come with these take pi_lock. */
	raw_spin_lock_irqsave(&task->pi_lock, flags);
	err = look->fn(task, look->data);
	raw_spin_unlock_irqrestore(&task->pi_lock, flags);
	return err;
}

/**
 * crlock_thread_look - As crlock_siglock_look(), with the thread's pi_lock held too.
 * @task: the caller has a reference
 * @fn: what it does must do under a raw spinlock
 * @data: for @fn
 *
 * Return: as crlock_siglock_look().
 */
int crlock_thread_look(struct task_struct *task, crlock_thread_fn *fn, void *data)
{
	struct still_look look = { .fn = fn, .data = data };

	return crlock_siglock_look(task, look_still, &look);
}

/** crlock_thread_state - What keeps a thread from running, for a function that crlock_thread_look() calls. */
u32 crlock_thread_state(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	if (task->exit_state || state & TASK_DEAD)
		return CRLOCK_THREAD_DEAD;
	if (state & __TASK_TRACED && task_is_traced(task))
		return CRLOCK_THREAD_TRACED;
	if (state & __TASK_STOPPED && task_is_stopped(task))
		return CRLOCK_THREAD_STOPPED;
	if (state & TASK_FROZEN)
		return CRLOCK_THREAD_FROZEN;
#ifdef CONFIG_CGROUPS
	/* In do_freezer_trap(), which it leaves through siglock. */
	if (state & TASK_INTERRUPTIBLE && task->jobctl & JOBCTL_TRAP_FREEZE && task->frozen)
		return CRLOCK_THREAD_FROZEN;
#endif
	return CRLOCK_THREAD_RUNNING;
}

/**
 * crlock_thread_settled - Whether who does not run has left its CPU, and nobody writes its registers.
 * @task: the thread; the caller is called by crlock_thread_look()
 */
bool crlock_thread_settled(struct task_struct *task)
{
	/* As in try_to_wake_up(): the state, which the caller has read, before whether it is queued. */
	smp_rmb();
	/* It may have been preempted between saying that it does not run and looking whether it may. */
	if (crlock_task_is_runnable(task))
		return false;
	/* As in try_to_wake_up(): who is about to leave its CPU is taken from the queue before it has. */
	smp_rmb();
	return !crlock_task_on_cpu(task) && !(task->jobctl & JOBCTL_PTRACE_FROZEN);
}

/* Return: 0, or -ENOSPC: regs->lacking says how much. */
static int copy_sets(struct crlock_regs *regs, struct task_struct *task)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	u32 offset = 0, i;

	regs->nr_sets = 0;
	regs->lacking = crlock_regs_size(task);
	if (regs->lacking > regs->size)
		return -ENOSPC;
	for (i = 0; i < view->n && regs->nr_sets < CRLOCK_REGS_SETS_MAX; i++) {
		const struct user_regset *regset = &view->regsets[i];
		u32 size = regset->n * regset->size;
		int got;

		if (!regset->core_note_type || !regset->regset_get)
			continue;
		got = regset_get(task, regset, size, regs->data + offset);
		/* The CPU, or this thread, has no such registers. */
		if (got <= 0)
			continue;
		regs->sets[regs->nr_sets++] = (struct crlock_regs_set){
			.note = regset->core_note_type,
			.offset = offset,
			.size = got,
		};
		offset += got;
	}
	return 0;
}

/**
 * struct copy - What a look is to copy.
 * @regs: gets the registers
 * @state: gets the state
 */
struct copy {
	struct crlock_regs *regs;
	u32 *state;
};

/* Return: 0, or as crlock_regs_copy(); -EBUSY: not yet; -ENOSPC: not without more room. */
static int copy_if_stopped(struct task_struct *task, void *data)
{
	struct copy *copy = data;

	*copy->state = crlock_thread_state(task);
	if (*copy->state == CRLOCK_THREAD_DEAD)
		return -ESRCH;
	if (*copy->state == CRLOCK_THREAD_RUNNING)
		return -EAGAIN;
	if (!crlock_thread_settled(task))
		return -EBUSY;
	if (!crlock_arch_regs_atomic(task))
		return -EOPNOTSUPP;
	return copy_sets(copy->regs, task);
}

/**
 * crlock_regs_copy - Copies all register sets of a thread. May sleep.
 * @regs: zeroed at first, may have been used before; to be freed with crlock_regs_free()
 * @task: the caller has a reference
 * @state: gets the state that the thread was in, &enum crlock_thread_state
 *
 * How much room they take is found out with the thread held as well: one that exits loses the stack that
 * tells, while there are still references to it.
 *
 * Return: 0; -EAGAIN if it is neither stopped, traced nor frozen, or its tracer is at work on it; -ESRCH
 * if it has exited; -EOPNOTSUPP if this machine's registers cannot be read so; -ENOMEM; -EINTR.
 */
int crlock_regs_copy(struct crlock_regs *regs, struct task_struct *task, u32 *state)
{
	struct copy copy = { .regs = regs, .state = state };
	int err;

	*state = CRLOCK_THREAD_RUNNING;
	while ((err = crlock_thread_look(task, copy_if_stopped, &copy)) == -ENOSPC) {
		if (make_room(regs))
			return -ENOMEM;
	}
	/* There may have been nothing left to look at. */
	if (err == -ESRCH)
		*state = CRLOCK_THREAD_DEAD;
	return err;
}
