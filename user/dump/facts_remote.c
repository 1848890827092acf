// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "dump/facts.h"
#include "image/say.h"
#include "procfs/timers.h"
#include "trace/remote.h"

#define NS 1000000000LL

/* A thread in which calls are made. The first error ends it all, and is kept. */
struct remote {
	struct trace_remote *remote;
	pid_t tid;
	int err;
};

/* An answer that is an error is no failure of the dump: there the fact is that it is not there. */
static long call(struct remote *remote, long nr, const unsigned long args[6])
{
	long result = -1;

	if (!remote->err)
		remote->err = trace_remote_call(remote->remote, nr, args, &result);
	return remote->err ? -EIO : result;
}

static unsigned long room(struct remote *remote, const void *data, size_t size)
{
	unsigned long address = 0;

	if (!remote->err)
		remote->err = trace_remote_write(remote->remote, data, size, &address);
	return address;
}

static void fetch(struct remote *remote, void *data, size_t size)
{
	if (!remote->err)
		remote->err = trace_remote_read(remote->remote, data, size);
}

/* prctl(2) that writes its answer. */
static uint64_t ask(struct remote *remote, int what)
{
	uint64_t value = 0;
	unsigned long address = room(remote, &value, sizeof(value));
	unsigned long args[6] = { what, address };

	if (!call(remote, SYS_prctl, args))
		fetch(remote, &value, sizeof(value));
	return value;
}

/* prctl(2) that returns it. */
static long get(struct remote *remote, int what)
{
	unsigned long args[6] = { what };
	long value = call(remote, SYS_prctl, args);

	return value < 0 ? 0 : value;
}

/* Of a thread -------------------------------------------------------------------------------------- */

static void read_altstack(struct remote *remote, struct crlock_task *task)
{
	stack_t stack = { 0 };
	unsigned long address = room(remote, &stack, sizeof(stack));
	unsigned long args[6] = { 0, address };

	if (call(remote, SYS_sigaltstack, args))
		return;
	fetch(remote, &stack, sizeof(stack));
	task->sas_sp = (uintptr_t)stack.ss_sp;
	task->sas_size = stack.ss_size;
	task->sas_flags = stack.ss_flags;
}

static void read_task(struct remote *remote, struct crlock_task *task)
{
	task->tid = remote->tid;
	read_altstack(remote, task);
	task->clear_child_tid = ask(remote, PR_GET_TID_ADDRESS);
	task->pdeath_signal = ask(remote, PR_GET_PDEATHSIG);
	task->securebits = get(remote, PR_GET_SECUREBITS);
}

/* Of a process -------------------------------------------------------------------------------------- */

static void read_actions(struct remote *remote, struct crlock_process_state *state)
{
	struct {
		uint64_t handler, flags, restorer, mask;
	} action = { 0 };

	for (int signum = 1; signum <= CRLOCK_SIGNALS; signum++) {
		struct crlock_sigaction *to = &state->actions[signum - 1];
		unsigned long address = room(remote, &action, sizeof(action));
		unsigned long args[6] = { signum, 0, address, sizeof(action.mask) };

		to->signum = signum;
		if (signum == SIGKILL || signum == SIGSTOP || call(remote, SYS_rt_sigaction, args))
			continue;
		fetch(remote, &action, sizeof(action));
		to->handler = action.handler;
		to->flags = action.flags;
		to->restorer = action.restorer;
		to->mask = action.mask;
	}
}

static void read_itimer(struct remote *remote, int which, __s64 *value, __s64 *interval)
{
	struct itimerval timer = { 0 };
	unsigned long address = room(remote, &timer, sizeof(timer));
	unsigned long args[6] = { which, address };

	if (call(remote, SYS_getitimer, args))
		return;
	fetch(remote, &timer, sizeof(timer));
	*value = timer.it_value.tv_sec * NS + timer.it_value.tv_usec * 1000;
	*interval = timer.it_interval.tv_sec * NS + timer.it_interval.tv_usec * 1000;
}

static void read_timer(struct remote *remote, const struct proc_timer *from, struct crlock_timer *to)
{
	struct itimerspec time = { 0 };
	unsigned long address = room(remote, &time, sizeof(time));
	unsigned long args[6] = { from->id, address }, id[6] = { from->id };
	long overrun;

	*to = (struct crlock_timer){ .id = from->id,
				     .clock = from->clock,
				     .notify = from->notify,
				     .signum = from->signum,
				     .sigval = from->sigval,
				     .notify_tid = from->notify_tid };
	if (call(remote, SYS_timer_gettime, args))
		return;
	fetch(remote, &time, sizeof(time));
	to->value_ns = time.it_value.tv_sec * NS + time.it_value.tv_nsec;
	to->interval_ns = time.it_interval.tv_sec * NS + time.it_interval.tv_nsec;
	to->flags = to->value_ns ? CRLOCK_TIMER_ARMED : 0;
	overrun = call(remote, SYS_timer_getoverrun, id);
	to->overrun = overrun > 0 ? overrun : 0;
}

static int read_timers(struct remote *remote, struct dump_process *process, int dir)
{
	struct proc_timer *timers;
	int nr = proc_timers_read(dir, &timers);

	process->timers = calloc(nr > 0 ? nr + 1 : 1, sizeof(*process->timers));
	for (int i = 0; process->timers && i < nr; i++)
		read_timer(remote, &timers[i], &process->timers[i]);
	free(timers);
	process->state.timers = process->timers;
	process->state.nr_timers = nr > 0 ? nr : 0;
	return nr < 0 ? nr : process->timers ? 0 : -ENOMEM;
}

/* Newer than the headers that this is built with may be. */
#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_MEMORY_MERGE
#define PR_GET_MEMORY_MERGE 68
#endif
#define MEMBARRIER_GET_REGISTRATIONS 512

/* What was asked for the address space. Kernels that do not know the questions do not know the things. */
static void read_space(struct remote *remote, struct crlock_process *to)
{
	unsigned long none[6] = { 0 }, registrations[6] = { MEMBARRIER_GET_REGISTRATIONS };
	long mdwe = get(remote, PR_GET_MDWE), registered;

	to->dumpable = get(remote, PR_GET_DUMPABLE);
	to->mm_flags |= get(remote, PR_GET_THP_DISABLE) ? CRLOCK_MM_THP_DISABLED : 0;
	to->mm_flags |= get(remote, PR_GET_MEMORY_MERGE) ? CRLOCK_MM_MERGE_ANY : 0;
	to->mm_flags |= mdwe & 1 ? CRLOCK_MM_MDWE : 0;
	to->mm_flags |= mdwe & 2 ? CRLOCK_MM_MDWE_NO_INHERIT : 0;
	to->brk = call(remote, SYS_brk, none);
	registered = call(remote, SYS_membarrier, registrations);
	to->membarrier = registered > 0 ? registered : 0;
}

static int read_process(struct remote *remote, struct dump_process *process)
{
	struct crlock_process *to = &process->state.process;
	const struct proc_stat *from = &process->stat;
	int dir = proc_open(process->pid), ret = dir;

	if (dir < 0)
		return ret;
	read_actions(remote, &process->state);
	read_itimer(remote, ITIMER_REAL, &to->itimer_real_ns, &to->itimer_real_interval_ns);
	read_itimer(remote, ITIMER_VIRTUAL, &to->itimer_virtual_ns, &to->itimer_virtual_interval_ns);
	read_itimer(remote, ITIMER_PROF, &to->itimer_prof_ns, &to->itimer_prof_interval_ns);
	ret = read_timers(remote, process, dir);
	close(dir);
	to->flags |= ask(remote, PR_GET_CHILD_SUBREAPER) & 1 ? CRLOCK_PROCESS_SUBREAPER : 0;
	read_space(remote, to);
	to->tgid = process->pid;
	to->ppid = process->ppid;
	to->exit_signal = from->exit_signal;
	to->start_code = from->start_code;
	to->end_code = from->end_code;
	to->start_data = from->start_data;
	to->end_data = from->end_data;
	to->start_brk = from->start_brk;
	to->start_stack = from->start_stack;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	return ret;
}

int facts_read_remote(struct dump_process *process)
{
	char why[512];
	int ret = 0, err;

	for (size_t i = 0; !ret && i < process->nr_threads; i++) {
		struct remote remote = { .tid = process->threads[i].tid };

		ret = trace_remote_open(&remote.remote, remote.tid, why, sizeof(why));
		if (ret) {
			say("%s", why);
			return ret;
		}
		read_task(&remote, &process->threads[i].task);
		if (!i)
			ret = read_process(&remote, process);
		err = trace_remote_close(remote.remote) ?: remote.err;
		if (err)
			ret = err;
		if (ret)
			dump_fail(ret, remote.tid, "system calls in it");
	}
	return ret;
}
