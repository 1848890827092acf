/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls made in a stopped thread, which goes on afterwards as if nothing had been: with its registers,
 * its mask of signals, and a system call that it was in restarted.
 *
 * While a remote is open, the thread's registers are not its own. Should the tracer be killed then, the thread ends
 * the call that it is in and goes on with its own registers and mask, but for this: a call that it was in, and that
 * takes a time, takes all of it again; and what it had in memory below its stack, further down than any handler
 * leaves alone, may be lost. A thread whose code has no libc in it, or whose stack has no room for a handler, is lost:
 * keep it short.
 */
#ifndef TRACE_REMOTE_H
#define TRACE_REMOTE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct trace_remote;

/**
 * trace_remote_open - Makes a thread ready for system calls.
 * @out: the caller ends with trace_remote_close()
 * @tid: a thread that trace_tree_stop() has stopped, and whose process is stopped as a whole
 * @why: after an error gets one line, without a newline, that names the thread
 * @size: of @why
 *
 * Returns: 0; -EOPNOTSUPP for a thread that runs in another mode than this program (32-bit), or whose
 * seccomp filter would judge the calls; or another negative errno value.
 */
int trace_remote_open(struct trace_remote **out, pid_t tid, char *why, size_t size);

/**
 * trace_remote_call - Makes a system call. It should be one that does not sleep.
 * @nr: SYS_* of <sys/syscall.h>
 * @result: what it returned: a negative errno value if it failed
 *
 * Returns: 0 if it was made, or -ESRCH (the thread was killed) or another negative errno value.
 */
int trace_remote_call(struct trace_remote *remote, long nr, const unsigned long args[6], long *result);

/* Room for arguments in the thread's memory, bytes. */
#define TRACE_SCRATCH_SIZE 256

/**
 * trace_remote_write - Writes arguments into the scratch memory.
 * @address: gets where they are
 *
 * Returns: 0, -E2BIG if they are more than TRACE_SCRATCH_SIZE, or another negative errno value.
 */
int trace_remote_write(struct trace_remote *remote, const void *data, size_t size, unsigned long *address);

/** trace_remote_read - Reads back what a system call left in the scratch memory. */
int trace_remote_read(struct trace_remote *remote, void *data, size_t size);

/* Where the stack pointer is of a thread that goes on with its own registers soon, its tracer having been killed. */
struct trace_fall {
	unsigned long start, end; /* equal: nowhere */
};

/** trace_remote_fall - For another process, which may have to wait for that. */
struct trace_fall trace_remote_fall(const struct trace_remote *remote);

/**
 * trace_fall_through - Lets a thread that trace_tree_stop() has stopped come as far as to its own registers, with the
 * call that it was to make made. It is stopped again then.
 * @fall: of a remote of the thread's that was not closed; it may have been put back all the same
 *
 * Returns: 0, -ESRCH (the thread was killed) or another negative errno value.
 */
int trace_fall_through(pid_t tgid, pid_t tid, const struct trace_fall *fall);

/**
 * trace_remote_close - Puts everything back and frees the remote; NULL is allowed.
 *
 * Returns: 0, or a negative errno value if it could not be put back (the thread was killed).
 */
int trace_remote_close(struct trace_remote *remote);

#endif
