/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new thread that is driven from outside: it makes the system calls that crrestore wants it to make, until it
 * gets the registers of the thread that it is to be.
 *
 * It is traced, with all signals blocked but SIGTRAP, by which it tells that a call is done: the instruction
 * behind that of the call is a breakpoint. Both are at first in this program's own text, which a new process has
 * too; later in a page made for it that the saved program does not use.
 */
#ifndef RESTORE_PUPPET_H
#define RESTORE_PUPPET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct puppet {
	pid_t tid;
	pid_t tgid;
	unsigned long insn; /* where the system call instruction is */
	unsigned long batch; /* where the instructions of trace_arch_batch_code() are; 0: nowhere yet */
	unsigned long scratch; /* memory of the thread for arguments; 0: none yet */
	struct user_regs_struct regs; /* on which calls are based */
	bool gone; /* it was killed */
};

/* Bytes of scratch memory. */
#define PUPPET_SCRATCH (64UL << 10)
/* Bytes of the area that puppet_settle() makes: instructions, then scratch memory. */
#define PUPPET_AREA (4096 + PUPPET_SCRATCH)

/**
 * puppet_seize - Begins to drive a process that waits in this program's code.
 * @puppet: gets it
 *
 * It is killed if crrestore comes to its end (PTRACE_O_EXITKILL).
 *
 * Returns: 0 or a negative errno value.
 */
int puppet_seize(struct puppet *puppet, pid_t pid);

/** puppet_settle - Makes the area of PUPPET_AREA bytes at an address, and uses it from then on. */
int puppet_settle(struct puppet *puppet, unsigned long area);

/**
 * puppet_clone - Lets a puppet make a thread, or a process, and begins to drive that.
 * @of: who makes it; its area is used by both, one at a time
 * @tid: its id
 * @flags: of clone3(2), CLONE_VM among them
 *
 * Returns: 0, -EEXIST if the id is taken, or another negative errno value.
 */
int puppet_clone(struct puppet *puppet, struct puppet *of, pid_t tid, uint64_t flags);

/**
 * puppet_call - Makes a system call, with up to six arguments.
 *
 * Returns: what it returned; -ESRCH too if the thread was killed.
 */
#define puppet_call(puppet, nr, ...) \
	puppet_call_array((puppet), (nr), (const unsigned long[6]){ __VA_ARGS__ })

long puppet_call_array(struct puppet *puppet, long nr, const unsigned long args[6]);

/**
 * puppet_call_last - The same without the breakpoint: for a call that takes the area away, and one of which a
 * breakpoint would undo what it does.
 */
long puppet_call_last(struct puppet *puppet, long nr, const unsigned long args[6]);

/** puppet_run_batch - Makes the calls of a table in its memory, see trace_arch_batch_code(). Returns: as above. */
int puppet_run_batch(struct puppet *puppet, unsigned long table, size_t nr);

/** puppet_mute - Blocks SIGTRAP too: from now on there is puppet_call_last() only. Returns: as above. */
int puppet_mute(struct puppet *puppet);

/**
 * puppet_begin_call - Makes a system call that sleeps, and interrupts it before it does.
 * @result: gets what the call returned: an error below those that programs see, see <linux/errno.h> of the kernel
 *
 * The kernel then has what it needs to go on with it, see restart_syscall(2).
 *
 * Returns: 0, or a negative errno value if it could not be made.
 */
int puppet_begin_call(struct puppet *puppet, long nr, const unsigned long args[6], long *result);

/** puppet_write - Writes into its memory. Returns: 0 or a negative errno value. */
int puppet_write(const struct puppet *puppet, unsigned long at, const void *data, size_t size);

/** puppet_read - Reads its memory. Returns: 0 or a negative errno value. */
int puppet_read(const struct puppet *puppet, unsigned long at, void *data, size_t size);

/** puppet_give - Writes arguments at the start of the scratch memory. Returns: their address, 0: it failed. */
unsigned long puppet_give(const struct puppet *puppet, const void *data, size_t size);

#endif
