// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dump/creds.h"
#include "dump/restart.h"
#include "dump/schedule.h"
#include "dump/signals.h"
#include "dump/target.h"
#include "dump/thread.h"

/* The segment of 64-bit code. */
#define CODE_64 0x33

void threads_check_mode(struct dump *dump, struct dump_process *process)
{
	for (size_t i = 0; i < process->nr_threads; i++) {
		struct user_regs_struct regs = { 0 };
		struct iovec iov = { &regs, sizeof(regs) };

		if (ptrace(PTRACE_GETREGSET, process->threads[i].tid, NT_PRSTATUS, &iov) ||
		    (iov.iov_len == sizeof(regs) && regs.cs == CODE_64))
			continue;
		block(&dump->blockers, "%d: runs 32-bit code; only 64-bit programs are dumped",
		      process->threads[i].tid);
		process->foreign = true;
	}
}

/* Reading ------------------------------------------------------------------------------------------ */

/* A kernel without 32-bit code knows no request for any of them; then there is nothing in them. */
static int read_tls(const struct dump_thread *thread, struct image_regs *regs)
{
	int unknown = 0;

	for (int i = 0; i < IMAGE_TLS_ENTRIES; i++) {
		if (!ptrace(PTRACE_GET_THREAD_AREA, thread->tid, IMAGE_TLS_FIRST + i, &regs->tls[i]))
			continue;
		if (errno != EIO)
			return -errno;
		unknown++;
	}
	return unknown && unknown < IMAGE_TLS_ENTRIES ? -EIO : 0;
}

static int read_regs(struct dump_thread *thread)
{
	struct image_regs *regs = &thread->regs;
	struct iovec general = { &regs->general, sizeof(regs->general) };
	uint8_t xstate[IMAGE_XSTATE_MAX];
	struct iovec extended = { xstate, sizeof(xstate) };
	int ret;

	if (ptrace(PTRACE_GETREGSET, thread->tid, NT_PRSTATUS, &general) ||
	    ptrace(PTRACE_GETREGSET, thread->tid, NT_X86_XSTATE, &extended))
		return dump_fail(-errno, thread->tid, "registers");
	regs->xstate = malloc(extended.iov_len);
	if (!regs->xstate)
		return dump_fail(-ENOMEM, thread->tid, "registers");
	memcpy(regs->xstate, xstate, extended.iov_len);
	regs->xstate_size = extended.iov_len;
	regs->clear_tid = thread->task.clear_child_tid;
	ret = read_tls(thread, regs);
	return ret ? dump_fail(ret, thread->tid, "segments of its own") : 0;
}

/*
 * In the middle of a restartable sequence to be interrupted means to go on at its abort handler, and to be
 * dumped is that: see rseq(2) of libc and <linux/rseq.h>.
 */
static int leave_rseq(struct dump_thread *thread, pid_t pid)
{
	struct {
		uint32_t version, flags;
		uint64_t start, length, abort;
	} section;
	const size_t pointer_at = 8;
	uint64_t address = 0;
	int ret;

	if (!thread->rseq.address)
		return 0;
	ret = target_read(pid, thread->rseq.address + pointer_at, &address, sizeof(address));
	if (ret || !address)
		return ret;
	ret = target_read(pid, address, &section, sizeof(section));
	if (!ret && thread->regs.general.rip - section.start < section.length)
		thread->regs.general.rip = section.abort;
	return ret;
}

static int read_rseq(struct dump_thread *thread, pid_t pid)
{
	struct __ptrace_rseq_configuration config;
	int ret;

	/* A kernel without the question has no answer that would matter: nobody could register again. */
	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, thread->tid, sizeof(config), &config) < 0)
		return errno == EIO ? 0 : dump_fail(-errno, thread->tid, "restartable sequence");
	thread->rseq = (struct dump_rseq){ config.rseq_abi_pointer, config.rseq_abi_size, config.signature };
	ret = leave_rseq(thread, pid);
	return ret ? dump_fail(ret, thread->tid, "restartable sequence") : 0;
}

static int read_robust_list(struct dump_thread *thread)
{
	size_t size = 0;
	unsigned long head = 0;

	if (syscall(SYS_get_robust_list, thread->tid, &head, &size))
		return dump_fail(-errno, thread->tid, "robust list");
	thread->robust_list = head;
	thread->robust_list_size = size;
	return 0;
}

/* It may be that of others (CAP_SYS_NICE); then it stays unknown, and what it is made with remains. */
static int read_timerslack(struct dump_thread *thread, int dir)
{
	char text[32];
	ssize_t size = proc_read(dir, "timerslack_ns", text, sizeof(text));

	if (proc_failed(size))
		return dump_fail(size, thread->tid, "timer slack");
	if (size > 0)
		thread->timerslack = strtoull(text, NULL, 10);
	return 0;
}

/* There are names for everything in /proc/TID, also of threads that are not leaders. */
static int read_proc(struct dump *dump, struct dump_thread *thread)
{
	int dir = proc_open(thread->tid), ret = dir;

	if (dir < 0)
		return dump_fail(ret, thread->tid, "/proc");
	ret = creds_read(thread, dir);
	if (!ret) {
		ret = proc_comm_read(dir, thread->comm);
		if (ret)
			dump_fail(ret, thread->tid, "name");
	}
	ret = ret ?: read_timerslack(thread, dir);
	close(dir);
	/* A name of 16 bytes is a kernel thread's. */
	thread->comm[15] = '\0';
	if (!ret && thread->status.seccomp)
		block(&dump->blockers, "%d: has a seccomp filter, or strict mode; start it without",
		      thread->tid);
	return ret;
}

static void block_odd(struct dump *dump, const struct dump_thread *thread)
{
	const struct crlock_task *task = &thread->task;
	static const struct {
		uint32_t flag;
		const char *what;
	} odd[] = {
		{ CRLOCK_TASK_DISPATCH, "has its system calls dispatched (PR_SET_SYSCALL_USER_DISPATCH)" },
		{ CRLOCK_TASK_MEMPOLICY, "has a memory policy (set_mempolicy)" },
		{ CRLOCK_TASK_NO_TSC, "may not read the time stamp counter (PR_SET_TSC)" },
		{ CRLOCK_TASK_NO_CPUID, "may not use cpuid (ARCH_SET_CPUID)" },
		{ CRLOCK_TASK_IOPL, "has an I/O privilege level" },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		if (task->flags & odd[i].flag)
			block(&dump->blockers, "%d: %s", thread->tid, odd[i].what);
	}
	if (task->compat_robust_list)
		block(&dump->blockers, "%d: has a robust list of 32-bit code", thread->tid);
}

/*
 * A process that is not made of threads has a list of adjustments only once it has asked for one. Threads have
 * one from the start (CLONE_SYSVSEM), and nobody tells whether there is anything on it.
 */
static void check_semaphores(struct dump *dump, const struct dump_process *process)
{
	char text[512];
	ssize_t size;

	if (process->nr_threads > 1 || !process->threads->task.sem_undo_id)
		return;
	size = proc_read(AT_FDCWD, "/proc/sysvipc/sem", text, sizeof(text));
	/* Of sets that are gone nothing is left; the first line is a heading. */
	if (!proc_failed(size) && (size <= 0 || !strchr(text, '\n') || !strchr(text, '\n')[1]))
		return;
	block(&dump->blockers,
	      "%d: has adjustments of SysV semaphores (SEM_UNDO); let it take them back first", process->pid);
}

int thread_read(struct dump *dump, struct dump_process *process, struct dump_thread *thread)
{
	int ret = read_proc(dump, thread);

	ret = ret ?: read_regs(thread);
	ret = ret ?: signals_read(thread);
	ret = ret ?: schedule_read(thread, &dump->blockers);
	ret = ret ?: read_robust_list(thread);
	if (ret)
		return ret;
	block_odd(dump, thread);
	if (thread == process->threads)
		check_semaphores(dump, process);
	/* First the system call: its end may be in a sequence, its start is not. */
	restart_settle(thread, process, dump->module);
	return read_rseq(thread, process->pid);
}

/* Writing ------------------------------------------------------------------------------------------ */

static int pack_rseq(const struct dump_thread *thread, Image__ThreadCoreEntry *message)
{
	if (!thread->rseq.address)
		return 0;
	message->rseq_entry = malloc(sizeof(*message->rseq_entry));
	if (!message->rseq_entry)
		return -ENOMEM;
	image__rseq_entry__init(message->rseq_entry);
	message->rseq_entry->rseq_abi_pointer = thread->rseq.address;
	message->rseq_entry->rseq_abi_size = thread->rseq.size;
	message->rseq_entry->signature = thread->rseq.signature;
	return 0;
}

static int pack_altstack(const struct dump_thread *thread, Image__ThreadCoreEntry *message)
{
	message->sas = malloc(sizeof(*message->sas));
	if (!message->sas)
		return -ENOMEM;
	image__thread_sas_entry__init(message->sas);
	message->sas->ss_sp = thread->task.sas_sp;
	message->sas->ss_size = thread->task.sas_size;
	message->sas->ss_flags = thread->task.sas_flags;
	return 0;
}

static void pack_numbers(const struct dump_thread *thread, Image__ThreadCoreEntry *message)
{
	message->futex_rla = thread->robust_list;
	message->futex_rla_len = thread->robust_list_size;
	message->has_blk_sigset = true;
	message->blk_sigset = thread->blocked;
	message->has_pdeath_sig = thread->task.pdeath_signal != 0;
	message->pdeath_sig = thread->task.pdeath_signal;
	message->has_no_new_privs = true;
	message->no_new_privs = thread->status.no_new_privs;
	message->has_timerslack = true;
	message->timerslack = thread->timerslack;
	message->has_restart_call = thread->restart.again;
	message->restart_call = thread->restart.call;
	message->has_restart_left = thread->restart.again && thread->restart.timed;
	message->restart_left = thread->restart.left;
}

int thread_pack(const struct dump_process *process, const struct dump_thread *thread, Image__CoreEntry *core)
{
	Image__ThreadCoreEntry *message = malloc(sizeof(*message));
	int ret;

	(void)process;
	core->mtype = IMAGE__CORE_ENTRY__MARCH__X86_64;
	ret = image_regs_pack(&thread->regs, &core->thread_info);
	if (!message)
		return -ENOMEM;
	image__thread_core_entry__init(message);
	core->thread_core = message;
	pack_numbers(thread, message);
	message->comm = strdup(thread->comm);
	message->signals_p = signals_pack(&thread->signals);
	message->creds = creds_pack(thread);
	if (!message->comm || !message->signals_p || !message->creds)
		ret = -ENOMEM;
	ret = ret ?: schedule_pack(thread, message);
	ret = ret ?: pack_altstack(thread, message);
	return ret ?: pack_rseq(thread, message);
}
