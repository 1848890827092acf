// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include "restore/tree/restart.h"

/* Errors that only a tracer sees: the kernel is to restart the call. */
#define RESTART_BLOCK (-516L)

static const Image__UserX86RegsEntry *regs_of(const struct saved_thread *thread)
{
	return thread->core->thread_info->gpregs;
}

/* Whether the thread is in a call that goes on with the time that is left. */
static bool is_timed(const struct saved_thread *thread)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;
	long result = regs_of(thread)->ax;

	return core->has_restart_left && (result == RESTART_BLOCK || result == -EINTR);
}

static long begin(struct puppet *puppet, const Image__UserX86RegsEntry *regs, uint64_t left)
{
	struct timespec time = { left / 1000000000, left % 1000000000 };
	unsigned long at = puppet_give(puppet, &time, sizeof(time));
	/* Milliseconds; less than one is not left out. */
	unsigned long ms = (left + 999999) / 1000000;

	if (!at)
		return -EFAULT;
	switch (regs->orig_ax) {
	case SYS_nanosleep:
		return puppet_begin_call(puppet, SYS_nanosleep,
					 (const unsigned long[6]){ at, regs->si });
	case SYS_clock_nanosleep:
		return puppet_begin_call(puppet, SYS_clock_nanosleep,
					 (const unsigned long[6]){ regs->di, regs->si, at, regs->r10 });
	case SYS_poll:
		return puppet_begin_call(puppet, SYS_poll,
					 (const unsigned long[6]){ regs->di, regs->si, ms });
	case SYS_futex:
		return puppet_begin_call(puppet, SYS_futex,
					 (const unsigned long[6]){ regs->di, regs->si, regs->dx, at,
								   regs->r8, regs->r9 });
	default:
		return -ENOSYS;
	}
}

int restart_begin(struct puppet *puppet, const struct saved_thread *thread,
		  struct user_regs_struct *final)
{
	const Image__UserX86RegsEntry *regs = regs_of(thread);
	unsigned long rest_at = 0;
	struct timespec rest;
	long ret;

	if (!is_timed(thread))
		return 0;
	/* The time that is left is written there when the call is interrupted, as it had been before. */
	if (regs->orig_ax == SYS_nanosleep)
		rest_at = regs->si;
	else if (regs->orig_ax == SYS_clock_nanosleep)
		rest_at = regs->r10;
	if (rest_at && puppet_read(puppet, rest_at, &rest, sizeof(rest)))
		rest_at = 0;
	ret = begin(puppet, regs, thread->core->thread_core->restart_left);
	if (rest_at)
		puppet_write(puppet, rest_at, &rest, sizeof(rest));
	if (puppet->gone || ret == -EFAULT)
		return puppet->gone ? -ESRCH : ret;
	/* A futex whose value has changed, or a descriptor that is ready, ends the call: it is what it returns. */
	final->rax = ret;
	return 0;
}
