// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "restore/tree/restart.h"

/* Arguments of a call that ends after some time, and the address of where that is. */
struct timed_call {
	unsigned long args[6];
	unsigned long *time; /* NULL: milliseconds, in args[2] */
	unsigned long rest_at; /* where the call writes what is left when it is interrupted; 0: nowhere */
};

/* Returns: whether it is such a call. */
static bool describe(struct timed_call *call, long nr, const Image__UserX86RegsEntry *regs)
{
	*call = (struct timed_call){
		.args = { regs->di, regs->si, regs->dx, regs->r10, regs->r8, regs->r9 },
	};
	switch (nr) {
	case SYS_nanosleep:
		call->time = &call->args[0];
		call->rest_at = regs->si;
		return true;
	case SYS_clock_nanosleep:
		call->time = &call->args[2];
		call->rest_at = regs->r10;
		return true;
	case SYS_futex:
		call->time = &call->args[3];
		return true;
	case SYS_poll:
		return true;
	default:
		return false;
	}
}

/* Returns: 0 or -EFAULT. */
static int set_time(struct timed_call *call, const struct puppet *puppet, uint64_t left)
{
	struct timespec time = { left / 1000000000, left % 1000000000 };

	if (!call->time) {
		/* A part of a millisecond is not left out. */
		call->args[2] = (left + 999999) / 1000000;
		return 0;
	}
	*call->time = puppet_give(puppet, &time, sizeof(time));
	return *call->time ? 0 : -EFAULT;
}

int restart_begin(struct puppet *puppet, const struct saved_thread *thread, struct user_regs_struct *regs)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;
	struct timed_call call;
	struct timespec rest;
	long result;
	int ret;

	if (!core->has_restart_call ||
	    !describe(&call, core->restart_call, thread->core->thread_info->gpregs))
		return 0;
	if (core->has_restart_left && set_time(&call, puppet, core->restart_left))
		return -EFAULT;
	if (call.rest_at && puppet_read(puppet, call.rest_at, &rest, sizeof(rest)))
		call.rest_at = 0;
	ret = puppet_begin_call(puppet, core->restart_call, call.args, &result);
	if (puppet->gone)
		return -ESRCH;
	if (ret)
		return ret;
	if (call.rest_at)
		puppet_write(puppet, call.rest_at, &rest, sizeof(rest));
	/*
	 * What the kernel is to go on with is told by an error that only tracers see. A futex whose value has
	 * changed, or a descriptor that is ready, has ended the call, and that is what it returns.
	 */
	regs->orig_rax = core->restart_call;
	regs->rax = result;
	return 0;
}
