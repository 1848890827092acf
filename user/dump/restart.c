// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "dump/restart.h"
#include "dump/target.h"
#include "trace/arch.h"

#define NS 1000000000LL

/*
 * The number of the call: of one that was cut short before, registers say restart_syscall(2). Which it was they
 * tell all the same, for of the arguments of nanosleep(2) the first is a pointer, of clock_nanosleep(2) a clock.
 */
static long number_of(const struct crlock_task *task, const struct user_regs_struct *regs)
{
	const unsigned long pointers_from = 4096;

	if (regs->orig_rax != SYS_restart_syscall)
		return regs->orig_rax;
	switch (task->restart_kind) {
	case CRLOCK_RESTART_NANOSLEEP:
		return regs->rdi < pointers_from ? SYS_clock_nanosleep : SYS_nanosleep;
	case CRLOCK_RESTART_POLL:
		return SYS_poll;
	case CRLOCK_RESTART_FUTEX:
		return SYS_futex;
	default:
		return -1;
	}
}

/* Where sleeps write the time that is left when they are cut short. 0: nowhere. */
static uint64_t remainder_of(long nr, const struct user_regs_struct *regs)
{
	switch (nr) {
	case SYS_nanosleep:
		return regs->rsi;
	case SYS_clock_nanosleep:
		return regs->r10;
	default:
		return 0;
	}
}

static void find_time(struct dump_thread *thread, pid_t pid, bool module)
{
	struct dump_restart *restart = &thread->restart;
	uint64_t at = remainder_of(restart->call, &thread->regs.general);
	struct timespec left;

	if (module) {
		restart->timed = thread->task.restart_flags & CRLOCK_RESTART_TIMED;
		restart->left = thread->task.restart_ns > 0 ? thread->task.restart_ns : 0;
	} else if (at && !target_read(pid, at, &left, sizeof(left))) {
		restart->timed = true;
		restart->left = left.tv_sec * NS + left.tv_nsec;
	}
}

/* Whether the arguments say when the call ends, or that it never does, so that it can just be made again. */
static bool is_timeless(long nr, const struct user_regs_struct *regs)
{
	switch (nr) {
	case SYS_poll:
		return (int)regs->rdx < 0;
	case SYS_futex:
		return (regs->rsi & FUTEX_CMD_MASK) != FUTEX_WAIT;
	default:
		return false;
	}
}

static void settle_timed(struct dump_thread *thread, const struct dump_process *process, bool module)
{
	struct user_regs_struct *regs = &thread->regs.general;
	long nr = number_of(&thread->task, regs);

	switch (nr) {
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_poll:
	case SYS_futex:
		break;
	default:
		trace_arch_end_call(regs, -EINTR);
		return;
	}
	if (is_timeless(nr, regs)) {
		trace_arch_repeat_call(regs, nr);
		return;
	}
	thread->restart.again = true;
	thread->restart.call = nr;
	find_time(thread, process->pid, module);
	trace_arch_end_call(regs, -EINTR);
}

/* A signal for which a handler, or the end, is due. */
static bool has_signal(const struct dump_thread *thread)
{
	const struct proc_status *status = &thread->status;

	return (status->sig_pending | status->process_pending) & ~thread->blocked;
}

/* The kernel was about to have it go on with restart_syscall(2), which it has not made yet. */
static bool undo_restart(struct dump_thread *thread, pid_t pid)
{
	struct user_regs_struct *regs = &thread->regs.general;
	unsigned char insn[8];

	if (trace_arch_interruption(regs) != TRACE_NOT_INTERRUPTED || regs->rax != SYS_restart_syscall ||
	    trace_syscall_insn_size > sizeof(insn) ||
	    target_read(pid, regs->rip, insn, trace_syscall_insn_size) ||
	    memcmp(insn, trace_syscall_insn, trace_syscall_insn_size))
		return false;
	regs->rip += trace_syscall_insn_size;
	return true;
}

void restart_settle(struct dump_thread *thread, const struct dump_process *process, bool module)
{
	struct user_regs_struct *regs = &thread->regs.general;

	if (undo_restart(thread, process->pid)) {
		settle_timed(thread, process, module);
		return;
	}
	switch (trace_arch_interruption(regs)) {
	case TRACE_NOT_INTERRUPTED:
		break;
	case TRACE_TO_REPEAT:
		trace_arch_repeat_call(regs, trace_arch_call_number(regs));
		break;
	case TRACE_TO_RESTART:
		settle_timed(thread, process, module);
		break;
	case TRACE_UNLESS_HANDLED:
	case TRACE_ENDED_EARLY:
		if (has_signal(thread))
			trace_arch_end_call(regs, -EINTR);
		else
			trace_arch_repeat_call(regs, trace_arch_call_number(regs));
		break;
	}
}
