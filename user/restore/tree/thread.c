// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/arch/x86_64/regs.h"
#include "restore/tree/batch.h"
#include "restore/tree/processor.h"
#include "restore/tree/restart.h"
#include "restore/tree/taken.h"
#include "restore/tree/thread.h"

#define IOPRIO_WHO_PROCESS 1
#define COMM_SIZE	   16

static int fail(const struct image_error *error, pid_t tid, long ret, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", tid);
	return image_error(error, ret, name, "%s: %s", what,
			   ret == -EEXIST ? "the id is taken" TAKEN_HINT : strerror(-ret));
}

int thread_make(struct puppet *puppet, struct puppet *leader, const struct saved_thread *thread,
		const struct image_error *error)
{
	int ret = puppet_clone(puppet, leader, thread->tid,
			       CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				       CLONE_SYSVSEM);

	return ret ? fail(error, thread->tid, ret, "the thread cannot be made") : 0;
}

/* ---- What is its own ---- */

static void set_name(struct batch *batch, const Image__ThreadCoreEntry *core, const char *otherwise)
{
	char name[COMM_SIZE] = "";

	snprintf(name, sizeof(name), "%s", core->comm ? core->comm : otherwise);
	batch_call(batch, "its name", SYS_prctl, PR_SET_NAME, batch_give(batch, name, sizeof(name)), 0, 0, 0);
}

static void set_lists(struct batch *batch, const struct saved_thread *thread)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;
	const Image__RseqEntry *rseq = core->rseq_entry;

	if (thread->core->thread_info->clear_tid_addr)
		batch_call(batch, "its exit notice", SYS_set_tid_address,
			   thread->core->thread_info->clear_tid_addr);
	if (core->futex_rla)
		batch_call(batch, "its robust list", SYS_set_robust_list, core->futex_rla,
			   core->futex_rla_len);
	if (rseq && rseq->rseq_abi_pointer)
		batch_call(batch, "its rseq", SYS_rseq, rseq->rseq_abi_pointer, rseq->rseq_abi_size, 0,
			   rseq->signature);
}

static void set_alternate_stack(struct batch *batch, const Image__ThreadSasEntry *sas)
{
	stack_t stack = { 0 };

	if (!sas || sas->ss_flags & SS_DISABLE)
		return;
	stack.ss_sp = (void *)sas->ss_sp;
	stack.ss_size = sas->ss_size;
	/* That it is in use the kernel finds out by the stack pointer. */
	stack.ss_flags = sas->ss_flags & ~SS_ONSTACK;
	batch_call(batch, "its alternate stack", SYS_sigaltstack, batch_give(batch, &stack, sizeof(stack)),
		   0);
}

/* ---- Scheduling, which is set from outside ---- */

static bool is_realtime(uint32_t policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int set_affinity(pid_t tid, const Image__ThreadCoreEntry *core)
{
	if (core->has_affinity && core->affinity.len &&
	    !syscall(SYS_sched_setaffinity, tid, core->affinity.len, core->affinity.data))
		return 0;
	/* This machine may have none of those CPUs: then any will do. */
	return core->has_affinity && core->affinity.len && errno != EINVAL ? -errno : processor_free(tid);
}

static long set_scheduling(pid_t tid, const Image__ThreadCoreEntry *core)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = {
		.size = sizeof(attributes),
		.policy = core->sched_policy,
		.flags = core->has_sched_flags ? core->sched_flags : 0,
		.nice = core->sched_nice,
	};
	int ret;

	if (is_realtime(core->sched_policy))
		attributes.priority = core->sched_prio;
	if (core->has_sched_policy && syscall(SYS_sched_setattr, tid, &attributes, 0))
		return -errno;
	ret = set_affinity(tid, core);
	if (ret)
		return ret;
	if (core->has_ioprio && syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, tid, core->ioprio))
		return -errno;
	return 0;
}

int thread_restore(struct puppet *puppet, const struct saved_thread *thread, const struct image_error *error)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;
	const Image__TaskCoreEntry *task = thread->core->tc;
	struct batch batch;
	const char *what;
	long ret;

	batch_begin(&batch, puppet);
	set_name(&batch, core, task ? task->comm : "");
	set_lists(&batch, thread);
	set_alternate_stack(&batch, core->sas);
	if (core->has_timerslack)
		batch_call(&batch, NULL, SYS_prctl, PR_SET_TIMERSLACK, core->timerslack, 0, 0, 0);
	ret = batch_run(&batch, &what);
	if (ret)
		return fail(error, thread->tid, ret, what ? what : "cannot be driven");
	ret = set_scheduling(thread->tid, core);
	return ret < 0 ? fail(error, thread->tid, ret, "its scheduling") : 0;
}

/* ---- Registers ---- */

static uint64_t mask_of(const struct saved_process *process, const struct saved_thread *thread)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;

	/* That of a leader may stand with what is its process's only. */
	return core->has_blk_sigset ? core->blk_sigset : saved_task(process)->blk_sigset;
}

int thread_registers(struct puppet *puppet, const struct saved_thread *thread, struct image_regs *regs,
		     const struct image_error *error)
{
	int ret = image_regs_unpack(regs, thread->core->thread_info);

	if (ret == -EOPNOTSUPP)
		return fail(error, thread->tid, ret, "this processor lacks registers that are in use");
	ret = ret ? ret : restart_begin(puppet, thread, &regs->general);
	return ret ? fail(error, thread->tid, ret, "its registers, and the call that it was in") : 0;
}

static int set_tls(pid_t tid, const struct image_regs *regs)
{
	for (int i = 0; i < IMAGE_TLS_ENTRIES; i++) {
		struct user_desc entry = regs->tls[i];

		if (entry.seg_not_present || !entry.limit)
			continue;
		if (ptrace(PTRACE_SET_THREAD_AREA, tid, IMAGE_TLS_FIRST + i, &entry))
			return -errno;
	}
	return 0;
}

int thread_set_registers(const struct saved_process *process, const struct saved_thread *thread,
			 struct image_regs *regs, const struct image_error *error)
{
	uint64_t mask = mask_of(process, thread);
	struct iovec general = { &regs->general, sizeof(regs->general) };
	struct iovec xstate = { regs->xstate, regs->xstate_size };
	int ret = set_tls(thread->tid, regs);

	if (!ret && (ptrace(PTRACE_SETREGSET, thread->tid, NT_X86_XSTATE, &xstate) ||
		     ptrace(PTRACE_SETREGSET, thread->tid, NT_PRSTATUS, &general) ||
		     ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask)))
		ret = -errno;
	return ret ? fail(error, thread->tid, ret, "its registers") : 0;
}
