// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tracer can be killed at any moment. The kernel then lets the thread go on with the registers that it has just
 * then. So from the first that is changed to the last that is put back they are such that the thread ends the call
 * that it is in and falls into a net, see arch.h, which brings back its own.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs/maps.h"
#include "procfs/process.h"
#include "trace/arch.h"
#include "trace/remote.h"
#include "trace/wait.h"

/* The kernel's signal set, which is smaller than sigset_t. */
typedef uint64_t kernel_sigset;

#define TRACE_OPTIONS PTRACE_O_TRACESYSGOOD

struct trace_remote {
	pid_t tid;
	pid_t tgid;
	int memory; /* /proc/TID/mem */
	struct user_regs_struct regs;
	kernel_sigset mask;
	unsigned long insn;
	unsigned long scratch;
	unsigned long net; /* the stack pointer that leads into it; 0: there is none */
	unsigned char *saved; /* what was in the scratch memory, and where the net is behind it */
	size_t saved_size;
	bool seccomp; /* it has a filter, or strict mode */
	bool masked, used, scratched, suspended;
	bool in_call; /* which has not ended */
	bool stop_signal; /* a SIGSTOP came, which no mask holds back */
};

static int read_memory(const struct trace_remote *remote, unsigned long at, void *data, size_t size)
{
	ssize_t got = pread(remote->memory, data, size, at);

	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -EFAULT;
}

static int write_memory(const struct trace_remote *remote, unsigned long at, const void *data, size_t size)
{
	ssize_t got = pwrite(remote->memory, data, size, at);

	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -EFAULT;
}

static int get_regs(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return -errno;
	/* The set of a 32-bit thread is smaller. */
	return iov.iov_len == sizeof(*regs) ? 0 : -EOPNOTSUPP;
}

static int set_regs(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -errno : 0;
}

/* ---- Where code is ---- */

/* Returns: where it is, 0: nowhere. */
static unsigned long find_in(const struct trace_remote *remote, unsigned long start, unsigned long end,
			     const unsigned char *code, size_t code_size)
{
	unsigned char chunk[65536], *at;
	size_t overlap = code_size - 1;

	while (start < end) {
		size_t size = end - start < sizeof(chunk) ? end - start : sizeof(chunk);

		if (read_memory(remote, start, chunk, size))
			return 0;
		at = memmem(chunk, size, code, code_size);
		if (at)
			return start + (at - chunk);
		if (size < sizeof(chunk))
			return 0;
		start += size - overlap;
	}
	return 0;
}

/* Private memory that can be written is nobody's but the process's, and that is stopped. */
static bool is_scratch(const struct proc_map *map)
{
	return !strncmp(map->perms, "rw-p", 4) && map->end - map->start >= TRACE_SCRATCH_SIZE;
}

struct places {
	unsigned long insn, call_return, sigreturn, scratch;
};

static void search_map(const struct trace_remote *remote, const struct proc_map *map, struct places *places)
{
	if (!places->scratch && is_scratch(map))
		places->scratch = map->start;
	if (map->perms[2] != 'x')
		return;
	if (!places->insn)
		places->insn =
			find_in(remote, map->start, map->end, trace_syscall_insn, trace_syscall_insn_size);
	if (!places->call_return)
		places->call_return =
			find_in(remote, map->start, map->end, trace_call_return, trace_call_return_size);
	for (size_t i = 0; !places->sigreturn && i < sizeof(trace_sigreturn) / sizeof(*trace_sigreturn); i++)
		places->sigreturn = find_in(remote, map->start, map->end, trace_sigreturn[i].bytes,
					    trace_sigreturn[i].size);
}

static int search_maps(const struct trace_remote *remote, struct places *places)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_text line;
	struct proc_map map;
	int dir = proc_open(remote->tgid), err = dir;

	if (!lines)
		err = -ENOMEM;
	if (err >= 0)
		err = proc_lines_open(lines, dir, "maps");
	if (err >= 0) {
		while ((err = proc_lines_next(lines, &line)) > 0) {
			if (!proc_map_parse(line, &map))
				search_map(remote, &map, places);
		}
		proc_lines_close(lines);
	}
	if (dir >= 0)
		close(dir);
	free(lines);
	return err;
}

/* ---- The net, and scratch memory ---- */

/* Not more than AVX-512 and AMX take. */
#define EXTENDED_MAX 16384

/* Writes only where the thread itself could. */
static int write_as_it_could(const struct trace_remote *remote, unsigned long at, void *data, size_t size)
{
	struct iovec ours = { data, size }, theirs = { (void *)at, size };
	ssize_t n = process_vm_writev(remote->tid, &ours, 1, &theirs, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

/* Takes memory for scratch and the net. The stack may end there, or be none. */
static int take_memory(struct trace_remote *remote, unsigned long at, size_t size)
{
	/* This, like a fault, makes a stack grow that has never been deeper; which writing does not. */
	int err = read_memory(remote, at, remote->saved, size);

	err = err ?: write_as_it_could(remote, at, remote->saved, size);
	if (err)
		return err;
	remote->scratch = at;
	remote->saved_size = size;
	return 0;
}

static ssize_t get_extended(pid_t tid, void *to)
{
	struct iovec iov = { to, EXTENDED_MAX };

	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov) &&
	    ptrace(PTRACE_GETREGSET, tid, NT_PRFPREG, &iov))
		return -errno;
	return iov.iov_len;
}

static int weave(struct trace_remote *remote, unsigned long at, struct trace_net *net, size_t size)
{
	void *woven = calloc(1, size);
	unsigned long stack;
	int err;

	if (!woven)
		return -ENOMEM;
	stack = trace_arch_weave(woven, at, net);
	err = write_memory(remote, at, woven, size);
	if (!err)
		remote->net = stack;
	free(woven);
	return err;
}

/* Below what the thread uses of its stack, where a handler's frame would be too. */
static int spread_net(struct trace_remote *remote, const struct places *places)
{
	struct trace_net net = { .regs = remote->regs, .mask = remote->mask, .sigreturn = places->sigreturn };
	unsigned char *extended = aligned_alloc(64, EXTENDED_MAX);
	ssize_t extended_size = extended ? get_extended(remote->tid, extended) : -ENOMEM;
	size_t size = extended_size < 0 ? 0 : trace_arch_net_size(extended_size);
	unsigned long at = (trace_arch_free_stack(&remote->regs) - size) & ~63UL;
	int err = extended_size < 0 ? extended_size : 0;

	remote->saved = malloc(TRACE_SCRATCH_SIZE + size);
	if (!remote->saved)
		err = -ENOMEM;
	err = err ?: take_memory(remote, at - TRACE_SCRATCH_SIZE, TRACE_SCRATCH_SIZE + size);
	if (!err) {
		remote->scratched = true;
		trace_arch_go_back(&net.regs);
		net.extended = extended;
		net.extended_size = extended_size;
		remote->insn = places->call_return;
		err = weave(remote, at, &net, size);
	}
	free(extended);
	return err;
}

/* For a thread whose code has no way into a net, or whose stack has no room for it. */
static int do_without(struct trace_remote *remote, const struct places *places)
{
	unsigned long stack = trace_arch_free_stack(&remote->regs) - TRACE_SCRATCH_SIZE;

	free(remote->saved);
	remote->saved = malloc(TRACE_SCRATCH_SIZE);
	if (!remote->saved)
		return -ENOMEM;
	remote->insn = places->insn;
	if (!take_memory(remote, stack, TRACE_SCRATCH_SIZE))
		return 0;
	return take_memory(remote, places->scratch, TRACE_SCRATCH_SIZE);
}

static int find_places(struct trace_remote *remote)
{
	struct places places = { 0 };
	int err = search_maps(remote, &places);

	if (err)
		return err;
	if (!places.insn)
		return -ENOEXEC;
	err = places.call_return && places.sigreturn ? spread_net(remote, &places) : -ENOEXEC;
	/* Where nothing is mapped, to read memory gives EIO. */
	return err == -ENOEXEC || err == -EFAULT || err == -EIO ? do_without(remote, &places) : err;
}

/* ---- What the thread was doing ---- */

/*
 * Once the thread runs elsewhere, the kernel forgets that it is in a restartable sequence. Being interrupted
 * there means to go on at its abort handler, so that is where the thread goes on. See rseq(2) of libc and
 * include/uapi/linux/rseq.h.
 */
static int leave_rseq(struct trace_remote *remote)
{
	struct {
		uint64_t rseq_abi_pointer;
		uint32_t rseq_abi_size, signature, flags, pad;
	} config = { 0 };
	struct {
		uint32_t version, flags;
		uint64_t start_ip, post_commit_offset, abort_ip;
	} cs;
	uint64_t cs_address;
	unsigned long pc = trace_arch_pc(&remote->regs);
	const size_t rseq_cs_offset = 8;
	int err;

	/* EIO: the kernel has no such request. */
	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, remote->tid, sizeof(config), &config) < 0)
		return errno == EIO ? 0 : -errno;
	if (!config.rseq_abi_pointer)
		return 0;
	err = read_memory(remote, config.rseq_abi_pointer + rseq_cs_offset, &cs_address, sizeof(cs_address));
	if (err || !cs_address)
		return err;
	err = read_memory(remote, cs_address, &cs, sizeof(cs));
	if (!err && pc - cs.start_ip < cs.post_commit_offset)
		trace_arch_set_pc(&remote->regs, cs.abort_ip);
	return err;
}

/* A filter could kill the process for a call that it does not make itself. */
static int suspend_seccomp(struct trace_remote *remote)
{
	if (!remote->seccomp)
		return 0;
	if (ptrace(PTRACE_SETOPTIONS, remote->tid, 0, TRACE_OPTIONS | PTRACE_O_SUSPEND_SECCOMP))
		return -EOPNOTSUPP;
	remote->suspended = true;
	return 0;
}

static int get_mask(struct trace_remote *remote)
{
	return ptrace(PTRACE_GETSIGMASK, remote->tid, sizeof(remote->mask), &remote->mask) ? -errno : 0;
}

static int set_mask(const struct trace_remote *remote, kernel_sigset mask)
{
	return ptrace(PTRACE_SETSIGMASK, remote->tid, sizeof(mask), &mask) ? -errno : 0;
}

/* Over the net, which has the mask. */
static int block_signals(struct trace_remote *remote)
{
	struct user_regs_struct regs = remote->regs;
	int err = 0;

	if (remote->net) {
		trace_arch_fall(&regs, remote->insn, remote->net);
		remote->used = true;
		err = set_regs(remote->tid, &regs);
	}
	err = err ?: set_mask(remote, ~0ULL);
	remote->masked = !err;
	return err;
}

/* ---- The calls ---- */

static int __attribute__((format(printf, 4, 5)))
fail(char *why, size_t size, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return err;
}

static int prepare(struct trace_remote *remote, char *why, size_t size)
{
	struct proc_status status;
	int dir = proc_open(remote->tid), err = dir;
	char name[64];

	if (dir >= 0) {
		err = proc_status_read(dir, &status);
		remote->tgid = status.tgid;
		remote->seccomp = status.seccomp;
		close(dir);
	}
	if (err < 0)
		return fail(why, size, err, "%d: %s", remote->tid, strerror(-err));
	err = get_regs(remote->tid, &remote->regs);
	if (err == -EOPNOTSUPP)
		return fail(why, size, err, "%d: is a 32-bit process", remote->tid);
	if (err)
		return fail(why, size, err, "%d: registers: %s", remote->tid, strerror(-err));
	snprintf(name, sizeof(name), "/proc/%d/mem", remote->tid);
	remote->memory = open(name, O_RDWR | O_CLOEXEC);
	err = remote->memory < 0 ? -errno : leave_rseq(remote);
	if (err)
		return fail(why, size, err, "%d: memory: %s", remote->tid, strerror(-err));
	err = get_mask(remote);
	if (err)
		return fail(why, size, err, "%d: signal mask: %s", remote->tid, strerror(-err));
	err = find_places(remote);
	if (err == -ENOEXEC)
		return fail(why, size, err, "%d: has no instruction for system calls", remote->tid);
	if (err)
		return fail(why, size, err, "%d: memory: %s", remote->tid, strerror(-err));
	err = suspend_seccomp(remote);
	if (err)
		return fail(why, size, err, "%d: its seccomp filter cannot be suspended", remote->tid);
	err = block_signals(remote);
	if (err)
		return fail(why, size, err, "%d: signal mask: %s", remote->tid, strerror(-err));
	return 0;
}

int trace_remote_open(struct trace_remote **out, pid_t tid, char *why, size_t size)
{
	struct trace_remote *remote = calloc(1, sizeof(*remote));
	int err;

	*out = NULL;
	if (!remote)
		return fail(why, size, -ENOMEM, "%d: %s", tid, strerror(ENOMEM));
	remote->tid = tid;
	remote->memory = -1;
	err = prepare(remote, why, size);
	if (err)
		trace_remote_close(remote);
	else
		*out = remote;
	return err;
}

/* Lets the thread run to its next stop at a system call: its start or its end. */
static int run_to_syscall(struct trace_remote *remote)
{
	int status, err;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, remote->tid, 0, 0))
			return -errno;
		err = trace_wait(remote->tid, &status);
		if (err)
			return err;
		if (!WIFSTOPPED(status))
			return -ESRCH;
		if (WSTOPSIG(status) == TRACE_SYSCALL_STOP)
			return 0;
		/* An interruption that was still to come, and job control: detaching restores its stop. */
		if (trace_is_event_stop(status))
			continue;
		if (WSTOPSIG(status) != SIGSTOP)
			return -EIO;
		remote->stop_signal = true;
	}
}

int trace_remote_call(struct trace_remote *remote, long nr, const unsigned long args[6], long *result)
{
	struct user_regs_struct regs = remote->regs;
	int err;

	if (remote->in_call)
		return -EIO;
	if (remote->net)
		trace_arch_fall(&regs, remote->insn, remote->net);
	trace_arch_call(&regs, remote->insn, nr, args);
	remote->used = true;
	err = set_regs(remote->tid, &regs);
	remote->in_call = !err;
	err = err ?: run_to_syscall(remote);
	err = err ?: run_to_syscall(remote);
	if (!err)
		remote->in_call = false;
	err = err ?: get_regs(remote->tid, &regs);
	if (!err)
		*result = trace_arch_result(&regs);
	return err;
}

int trace_remote_write(struct trace_remote *remote, const void *data, size_t size, unsigned long *address)
{
	if (size > TRACE_SCRATCH_SIZE)
		return -E2BIG;
	remote->scratched = true;
	*address = remote->scratch;
	return write_memory(remote, remote->scratch, data, size);
}

int trace_remote_read(struct trace_remote *remote, void *data, size_t size)
{
	if (size > TRACE_SCRATCH_SIZE)
		return -E2BIG;
	return read_memory(remote, remote->scratch, data, size);
}

/* ---- After another tracer ---- */

struct trace_fall trace_remote_fall(const struct trace_remote *remote)
{
	if (!remote->net)
		return (struct trace_fall){ 0, 0 };
	return (struct trace_fall){ remote->scratch, remote->scratch + remote->saved_size };
}

/* Returns: 1, 0 or a negative errno value. */
static int is_falling(pid_t tid, const struct trace_fall *fall)
{
	struct user_regs_struct regs = { 0 };
	int err = get_regs(tid, &regs);
	unsigned long stack;

	if (err)
		return err;
	stack = trace_arch_free_stack(&regs);
	return stack >= fall->start && stack < fall->end;
}

int trace_fall_through(pid_t tgid, pid_t tid, const struct trace_fall *fall)
{
	struct trace_remote falling = { .tgid = tgid, .tid = tid };
	/* The start and end of two calls: the last, and what brings its registers back. */
	int steps = 4, ret = is_falling(tid, fall);

	while (ret > 0 && steps--)
		ret = run_to_syscall(&falling) ?: is_falling(tid, fall);
	if (falling.stop_signal)
		syscall(SYS_tgkill, tgid, tid, SIGSTOP);
	return ret > 0 ? -EIO : ret;
}

/*
 * The registers include what tells the kernel of a system call to restart. It does so on detaching, which makes
 * the thread look for signals.
 *
 * Memory comes last, for the net is there: into it falls a thread whose call has not ended, or whose registers
 * cannot be set.
 */
static int put_back(struct trace_remote *remote)
{
	int err = remote->net && remote->in_call ? -EIO : 0, failed = 0;

	if (!err && remote->masked)
		err = set_mask(remote, remote->mask);
	if (remote->used && (!err || !remote->net))
		failed = set_regs(remote->tid, &remote->regs);
	err = failed ? failed : err;
	if (remote->scratched && (!err || !remote->net))
		failed = write_memory(remote, remote->scratch, remote->saved, remote->saved_size);
	return failed ? failed : err;
}

int trace_remote_close(struct trace_remote *remote)
{
	int err;

	if (!remote)
		return 0;
	err = put_back(remote);
	if (remote->suspended)
		ptrace(PTRACE_SETOPTIONS, remote->tid, 0, TRACE_OPTIONS);
	if (remote->stop_signal)
		syscall(SYS_tgkill, remote->tgid, remote->tid, SIGSTOP);
	if (remote->memory >= 0)
		close(remote->memory);
	free(remote->saved);
	free(remote);
	return err;
}
