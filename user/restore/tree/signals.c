// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/tree/signals.h"

#define SIGNALS	      64
#define SIGINFO_SIZE  128
#define KERNEL_SIGSET 8

/* What rt_sigaction(2) takes from libc. */
struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static int fail(const struct image_error *error, pid_t pid, long ret, const char *what, int signal)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", pid);
	return image_error(error, ret, name, "%s %d: %s", what, signal, strerror(-ret));
}

/* The images have no entries for the two that have no handlers: theirs are left out. */
static int signal_of(size_t entry, size_t nr)
{
	int signal = entry + 1;

	if (nr > SIGNALS - 2)
		return signal;
	signal += signal >= SIGKILL;
	signal += signal >= SIGSTOP;
	return signal;
}

static bool is_default(const Image__SaEntry *action)
{
	return !action->sigaction && !action->flags && !action->restorer && !action->mask;
}

/* To ignore it would make the next breakpoint reset that. */
static bool ignores_trap(int signal, const Image__SaEntry *entry)
{
	return signal == SIGTRAP && entry->sigaction == (uintptr_t)SIG_IGN;
}

static long set_handler(struct puppet *leader, int signal, const Image__SaEntry *entry)
{
	struct kernel_sigaction action = {
		.handler = entry->sigaction,
		.flags = entry->flags,
		.restorer = entry->restorer,
		.mask = entry->mask,
	};
	unsigned long at = puppet_give(leader, &action, sizeof(action));

	if (!at)
		return -EFAULT;
	if (ignores_trap(signal, entry))
		return puppet_call_last(leader, SYS_rt_sigaction,
					(const unsigned long[6]){ signal, at, 0, KERNEL_SIGSET });
	return puppet_call(leader, SYS_rt_sigaction, signal, at, 0, KERNEL_SIGSET);
}

int signals_set_handlers(struct puppet *leader, const struct saved_process *process,
			 const struct image_error *error)
{
	const Image__TaskCoreEntry *task = saved_task(process);
	long ret = 0;

	for (size_t i = 0; i < task->n_sigactions && ret >= 0; i++) {
		int signal = signal_of(i, task->n_sigactions);

		if (signal > SIGNALS || signal == SIGKILL || signal == SIGSTOP ||
		    ignores_trap(signal, task->sigactions[i]) || is_default(task->sigactions[i]))
			continue;
		ret = set_handler(leader, signal, task->sigactions[i]);
		if (ret < 0)
			return fail(error, process->pid, ret, "what it does with signal", signal);
	}
	return 0;
}

int signals_ignore_trap(struct puppet *leader, const struct saved_process *process,
			const struct image_error *error)
{
	const Image__TaskCoreEntry *task = saved_task(process);
	long ret = 0;

	for (size_t i = 0; i < task->n_sigactions && !ret; i++) {
		if (ignores_trap(signal_of(i, task->n_sigactions), task->sigactions[i]))
			ret = set_handler(leader, SIGTRAP, task->sigactions[i]);
	}
	return ret < 0 ? fail(error, process->pid, ret, "what it does with signal", SIGTRAP) : 0;
}

/* ---- Those that wait ---- */

/* Returns: the signal, 0 if that is none. */
static int number_of(const Image__SiginfoEntry *entry)
{
	int signal;

	if (entry->siginfo.len != SIGINFO_SIZE)
		return 0;
	memcpy(&signal, entry->siginfo.data, sizeof(signal));
	return signal;
}

/* After SIGTRAP there is no breakpoint: it would be taken for that one, and that one for it. */
static long call(struct puppet *puppet, int signal, long nr, const unsigned long args[6])
{
	return signal == SIGTRAP ? puppet_call_last(puppet, nr, args) : puppet_call_array(puppet, nr, args);
}

static int queue_info(struct puppet *puppet, int signal, const void *info, bool to_thread,
		      const struct image_error *error)
{
	unsigned long at = puppet_give(puppet, info, SIGINFO_SIZE);
	long ret;

	if (!at)
		return fail(error, puppet->tid, -EFAULT, "a signal that waits", signal);
	/* A process may say of itself whatever it likes about who sent it. */
	ret = to_thread ? call(puppet, signal, SYS_rt_tgsigqueueinfo,
			       (const unsigned long[6]){ puppet->tgid, puppet->tid, signal, at })
			: call(puppet, signal, SYS_rt_sigqueueinfo,
			       (const unsigned long[6]){ puppet->tgid, signal, at });
	return ret < 0 ? fail(error, puppet->tid, ret, "a signal that waits", signal) : 0;
}

static int send(struct puppet *puppet, const Image__SiginfoEntry *entry, bool to_thread,
		const struct image_error *error)
{
	const int signal = number_of(entry);

	if (signal < 1 || signal > SIGNALS)
		return fail(error, puppet->tid, -EBADMSG, "a signal that waits", signal);
	return queue_info(puppet, signal, entry->siginfo.data, to_thread, error);
}

int signals_send(struct puppet *puppet, const siginfo_t *info, bool to_thread,
		 const struct image_error *error)
{
	return queue_info(puppet, info->si_signo, info, to_thread, error);
}

/* SIGTRAP, or all others. */
static int send_all(struct puppet *puppet, const Image__SignalQueueEntry *queue, bool to_thread, bool trap,
		    const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; queue && i < queue->n_signals && !ret; i++) {
		if ((number_of(queue->signals[i]) == SIGTRAP) == trap)
			ret = send(puppet, queue->signals[i], to_thread, error);
	}
	return ret;
}

/* The end of a zombie sent one while the tree was made. To set the default takes it away. */
static long forget_children(struct puppet *leader)
{
	struct kernel_sigaction action = { 0 };
	unsigned long at = puppet_give(leader, &action, sizeof(action));

	return at ? puppet_call(leader, SYS_rt_sigaction, SIGCHLD, at, 0, KERNEL_SIGSET) : -EFAULT;
}

int signals_queue(struct puppet *leader, const struct saved_process *process, const struct image_error *error)
{
	long ret = forget_children(leader);

	if (ret < 0)
		return fail(error, process->pid, ret, "what it does with signal", SIGCHLD);
	return send_all(leader, saved_task(process)->signals_s, false, false, error);
}

int signals_queue_thread(struct puppet *puppet, const struct saved_thread *thread,
			 const struct image_error *error)
{
	return send_all(puppet, thread->core->thread_core->signals_p, true, false, error);
}

int signals_queue_trap(struct puppet *leader, const struct saved_process *process,
		       const struct image_error *error)
{
	return send_all(leader, saved_task(process)->signals_s, false, true, error);
}

int signals_queue_thread_trap(struct puppet *puppet, const struct saved_thread *thread,
			      const struct image_error *error)
{
	return send_all(puppet, thread->core->thread_core->signals_p, true, true, error);
}
