// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that were interrupted and go on with the rest of their time.
 *
 * Such a call has returned ERESTART_RESTARTBLOCK, and left in the thread's restart block its arguments,
 * the time of its end, and the function that goes on with it. Which member of the union is good only that
 * function tells: the number of the call is no longer known once it has been restarted, for then
 * it is that of restart_syscall(2). These functions are static. What they are called is enough here, and
 * that the kernel says to anyone who prints a pointer as a symbol.
 */
#include <linux/alarmtimer.h>
#include <linux/compat.h>
#include <linux/futex.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/timekeeping.h>
#include <asm/syscall.h>

#include <linux/crlock.h>

#include "restart.h"

/**
 * crlock_restart_note - Notes how a thread's system call goes on.
 * @restart: gets it
 * @task: is settled, and the caller is called by crlock_thread_look()
 */
void crlock_restart_note(struct crlock_restart *restart, struct task_struct *task)
{
	struct pt_regs *regs = task_pt_regs(task);
	unsigned long args[6];

	restart->is_set = syscall_get_nr(task, regs) >= 0 &&
			  syscall_get_error(task, regs) == -ERESTART_RESTARTBLOCK;
	if (!restart->is_set)
		return;
	syscall_get_arguments(task, regs, args);
	restart->op = args[1];
	restart->block = task->restart_block;
}

static void tell_time(struct crlock_task *row, clockid_t clock, ktime_t expires, ktime_t now)
{
	row->restart_clock = clock;
	row->restart_flags |= CRLOCK_RESTART_TIMED;
	row->restart_ns = ktime_to_ns(ktime_sub(expires, now));
}

static void tell_nanosleep(struct crlock_task *row, const struct crlock_restart *restart)
{
	const struct restart_block *block = &restart->block;

	row->restart_kind = CRLOCK_RESTART_NANOSLEEP;
	if (block->nanosleep.type != TT_NONE)
		row->restart_address = (unsigned long)block->nanosleep.rmtp;
	if (IS_ENABLED(CONFIG_COMPAT_32BIT_TIME) && block->nanosleep.type == TT_COMPAT)
		row->restart_flags |= CRLOCK_RESTART_COMPAT;
}

static void tell_hrtimer(struct crlock_task *row, const struct crlock_restart *restart)
{
	clockid_t clock = restart->block.nanosleep.clockid;
	ktime_t expires = restart->block.nanosleep.expires;

	tell_nanosleep(row, restart);
	switch (clock) {
	case CLOCK_MONOTONIC:
		tell_time(row, clock, expires, ktime_get());
		break;
	case CLOCK_REALTIME:
		tell_time(row, clock, expires, ktime_get_real());
		break;
	case CLOCK_BOOTTIME:
		tell_time(row, clock, expires, ktime_get_boottime());
		break;
	case CLOCK_TAI:
		tell_time(row, clock, expires, ktime_get_clocktai());
		break;
	}
}

/* In place of a clock there is a type of alarm. */
static void tell_alarm(struct crlock_task *row, const struct crlock_restart *restart)
{
	ktime_t expires = restart->block.nanosleep.expires;

	tell_nanosleep(row, restart);
	if (restart->block.nanosleep.clockid == ALARM_REALTIME)
		tell_time(row, CLOCK_REALTIME_ALARM, expires, ktime_get_real());
	else
		tell_time(row, CLOCK_BOOTTIME_ALARM, expires, ktime_get_boottime());
}

static void tell_cpu_clock(struct crlock_task *row, const struct crlock_restart *restart)
{
	tell_nanosleep(row, restart);
	row->restart_flags |= CRLOCK_RESTART_CPU;
	row->restart_clock = restart->block.nanosleep.clockid;
	row->restart_ns = restart->block.nanosleep.expires;
}

static void tell_poll(struct crlock_task *row, const struct crlock_restart *restart)
{
	const struct restart_block *block = &restart->block;

	row->restart_kind = CRLOCK_RESTART_POLL;
	row->restart_address = (unsigned long)block->poll.ufds;
	row->restart_value = block->poll.nfds;
	row->restart_clock = CLOCK_MONOTONIC;
	if (block->poll.has_timeout)
		tell_time(row, CLOCK_MONOTONIC, ktime_set(block->poll.tv_sec, block->poll.tv_nsec),
			  ktime_get());
}

/* Which clock is in private bits of futex.flags, and in the call's argument from which these come. */
static void tell_futex(struct crlock_task *row, const struct crlock_restart *restart)
{
	const struct restart_block *block = &restart->block;

	row->restart_kind = CRLOCK_RESTART_FUTEX;
	row->restart_address = (unsigned long)block->futex.uaddr;
	row->restart_value = block->futex.val;
	row->restart_bitset = block->futex.bitset;
	if (restart->op & FUTEX_CLOCK_REALTIME)
		tell_time(row, CLOCK_REALTIME, block->futex.time, ktime_get_real());
	else
		tell_time(row, CLOCK_MONOTONIC, block->futex.time, ktime_get());
}

static void tell_other(struct crlock_task *row, const struct crlock_restart *restart)
{
	row->restart_kind = CRLOCK_RESTART_OTHER;
}

typedef void tell_fn(struct crlock_task *row, const struct crlock_restart *restart);

static const struct {
	const char *name;
	tell_fn *tell;
} restarts[] = {
	{ "hrtimer_nanosleep_restart", tell_hrtimer },
	{ "alarm_timer_nsleep_restart", tell_alarm },
	{ "posix_cpu_nsleep_restart", tell_cpu_clock },
	{ "do_restart_poll", tell_poll },
	{ "futex_wait_restart", tell_futex },
};

/* Without CONFIG_KALLSYMS functions have no names, and each is another. */
static noinline tell_fn *find_tell(const struct restart_block *block)
{
	char name[KSYM_SYMBOL_LEN];
	size_t i;

	sprint_symbol_no_offset(name, (unsigned long)block->fn);
	/* Compilers append, after a dot, what they have done to a function. */
	name[strcspn(name, ". ")] = '\0';
	for (i = 0; i < ARRAY_SIZE(restarts); i++)
		if (!strcmp(name, restarts[i].name))
			return restarts[i].tell;
	return tell_other;
}

/**
 * crlock_restart_tell - Fills in how a thread's system call goes on; from now, for the time that is left.
 * @row: its restart_* are 0
 * @restart: from crlock_restart_note()
 */
void crlock_restart_tell(struct crlock_task *row, const struct crlock_restart *restart)
{
	if (restart->is_set)
		find_tell(&restart->block)(row, restart);
}
