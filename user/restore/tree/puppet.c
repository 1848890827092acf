// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/tree/puppet.h"
#include "trace/arch.h"
#include "trace/wait.h"

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE)

/* ---- Stops ---- */

static int set_regs(const struct puppet *puppet, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	return ptrace(PTRACE_SETREGSET, puppet->tid, NT_PRSTATUS, &iov) ? -errno : 0;
}

static int get_regs(const struct puppet *puppet, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	return ptrace(PTRACE_GETREGSET, puppet->tid, NT_PRSTATUS, &iov) ? -errno : 0;
}

/* Returns: 0 at a stop, or a negative errno value. */
static int await_stop(struct puppet *puppet, int *status)
{
	while (waitpid(puppet->tid, status, __WALL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (WIFSTOPPED(*status))
		return 0;
	puppet->gone = true;
	return -ESRCH;
}

static bool is_breakpoint(int status)
{
	return WSTOPSIG(status) == SIGTRAP && !(status >> 16);
}

/* Lets it run to the breakpoint. A thread that it makes is reported in between, at the call. */
static int run_to_breakpoint(struct puppet *puppet)
{
	int status, ret;

	do {
		if (ptrace(PTRACE_CONT, puppet->tid, 0, 0))
			return -errno;
		ret = await_stop(puppet, &status);
		/* All others are blocked; a fault of ours has no business to be handled. */
		if (!ret &&
		    (WSTOPSIG(status) == SIGSEGV || WSTOPSIG(status) == SIGBUS || WSTOPSIG(status) == SIGILL))
			return -EFAULT;
	} while (!ret && !is_breakpoint(status));
	return ret;
}

static int run_to_syscall(struct puppet *puppet)
{
	int status, ret;

	do {
		if (ptrace(PTRACE_SYSCALL, puppet->tid, 0, 0))
			return -errno;
		ret = await_stop(puppet, &status);
	} while (!ret && WSTOPSIG(status) != TRACE_SYSCALL_STOP);
	return ret;
}

/* ---- Signals ---- */

static int block(const struct puppet *puppet, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, puppet->tid, sizeof(mask), &mask) ? -errno : 0;
}

static int block_all_but_trap(const struct puppet *puppet)
{
	return block(puppet, ~(1ULL << (SIGTRAP - 1)));
}

int puppet_mute(struct puppet *puppet)
{
	return block(puppet, ~0ULL);
}

/* ---- Calls ---- */

static int begin(struct puppet *puppet, long nr, const unsigned long args[6])
{
	struct user_regs_struct regs = puppet->regs;

	if (puppet->gone)
		return -ESRCH;
	trace_arch_call(&regs, puppet->insn, nr, args);
	return set_regs(puppet, &regs);
}

static long end(struct puppet *puppet, int ret)
{
	struct user_regs_struct regs;

	ret = ret ? ret : get_regs(puppet, &regs);
	return ret ? ret : trace_arch_result(&regs);
}

long puppet_call_array(struct puppet *puppet, long nr, const unsigned long args[6])
{
	int ret = begin(puppet, nr, args);

	return end(puppet, ret ? ret : run_to_breakpoint(puppet));
}

long puppet_call_last(struct puppet *puppet, long nr, const unsigned long args[6])
{
	int ret = begin(puppet, nr, args);

	ret = ret ? ret : run_to_syscall(puppet);
	return end(puppet, ret ? ret : run_to_syscall(puppet));
}

int puppet_begin_call(struct puppet *puppet, long nr, const unsigned long args[6], long *result)
{
	struct user_regs_struct regs;
	int ret = begin(puppet, nr, args);

	ret = ret ? ret : run_to_syscall(puppet);
	/* Asked for while the call has not begun, it keeps the call from sleeping. */
	if (!ret && ptrace(PTRACE_INTERRUPT, puppet->tid, 0, 0))
		ret = -errno;
	ret = ret ? ret : run_to_syscall(puppet);
	ret = ret ? ret : get_regs(puppet, &regs);
	if (!ret)
		*result = trace_arch_result(&regs);
	return ret;
}

int puppet_run_batch(struct puppet *puppet, unsigned long table, size_t nr)
{
	struct user_regs_struct regs = puppet->regs;
	int ret;

	if (puppet->gone)
		return -ESRCH;
	trace_arch_batch(&regs, puppet->batch, table, nr);
	ret = set_regs(puppet, &regs);
	return ret ? ret : run_to_breakpoint(puppet);
}

/* ---- Memory ---- */

int puppet_write(const struct puppet *puppet, unsigned long at, const void *data, size_t size)
{
	struct iovec ours = { (void *)data, size }, theirs = { (void *)at, size };
	ssize_t n = process_vm_writev(puppet->tgid, &ours, 1, &theirs, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

int puppet_read(const struct puppet *puppet, unsigned long at, void *data, size_t size)
{
	struct iovec ours = { data, size }, theirs = { (void *)at, size };
	ssize_t n = process_vm_readv(puppet->tgid, &ours, 1, &theirs, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

unsigned long puppet_give(const struct puppet *puppet, const void *data, size_t size)
{
	if (size > PUPPET_SCRATCH || puppet_write(puppet, puppet->scratch, data, size))
		return 0;
	return puppet->scratch;
}

/* ---- Beginning ---- */

/*
 * What libc has told the kernel of a copy of this program must not be in its way when that is gone: the kernel
 * writes there whenever the thread comes to a CPU.
 */
static long forget_rseq(struct puppet *puppet)
{
	struct {
		uint64_t address;
		uint32_t size, signature, flags, pad;
	} config;
	const unsigned long unregister = 1;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, puppet->tid, sizeof(config), &config) < 0 ||
	    !config.address)
		return 0;
	return puppet_call(puppet, SYS_rseq, config.address, config.size, unregister, config.signature);
}

int puppet_seize(struct puppet *puppet, pid_t pid)
{
	int status, ret;

	*puppet = (struct puppet){ .tid = pid, .tgid = pid, .insn = trace_arch_own_call() };
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		return -errno;
	do {
		ret = await_stop(puppet, &status);
		if (!ret && !trace_is_event_stop(status) && ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status)))
			ret = -errno;
	} while (!ret && !trace_is_event_stop(status));
	ret = ret ? ret : get_regs(puppet, &puppet->regs);
	ret = ret ? ret : block_all_but_trap(puppet);
	return ret ? ret : forget_rseq(puppet);
}

int puppet_settle(struct puppet *puppet, unsigned long area)
{
	unsigned char code[16];
	const void *batch_code;
	size_t size = trace_arch_call_code(code), batch_size = trace_arch_batch_code(&batch_code);
	long got;
	int ret;

	got = puppet_call(puppet, SYS_mmap, area, PUPPET_AREA, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (got < 0)
		return got;
	if ((unsigned long)got != area)
		return -EEXIST;
	ret = puppet_write(puppet, area, code, size);
	ret = ret ? ret : puppet_write(puppet, area + sizeof(code), batch_code, batch_size);
	if (ret)
		return ret;
	puppet->insn = area;
	puppet->batch = area + sizeof(code);
	puppet->scratch = area + 4096;
	return 0;
}

static int adopt(struct puppet *puppet, pid_t tid, const struct puppet *of)
{
	int status, ret;

	*puppet = (struct puppet){
		.tid = tid,
		.tgid = of->tgid,
		.insn = of->insn,
		.batch = of->batch,
		.scratch = of->scratch,
	};
	ret = await_stop(puppet, &status);
	ret = ret ? ret : get_regs(puppet, &puppet->regs);
	return ret ? ret : block_all_but_trap(puppet);
}

int puppet_clone(struct puppet *puppet, struct puppet *of, pid_t tid, uint64_t flags)
{
	struct {
		struct clone_args args;
		pid_t tid;
	} arguments = {
		.args = {
			.flags = flags,
			.set_tid = of->scratch + offsetof(typeof(arguments), tid),
			.set_tid_size = 1,
		},
		.tid = tid,
	};
	unsigned long at = puppet_give(of, &arguments, sizeof(arguments));
	long ret = at ? puppet_call(of, SYS_clone3, at, sizeof(arguments.args)) : -EFAULT;

	return ret < 0 ? ret : adopt(puppet, tid, of);
}
