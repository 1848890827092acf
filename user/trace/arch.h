/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What depends on the processor.
 */
#ifndef TRACE_ARCH_H
#define TRACE_ARCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

/* The instruction that makes a system call. */
extern const unsigned char trace_syscall_insn[];
extern const size_t trace_syscall_insn_size;

/**
 * trace_arch_call - Turns registers into those with which a system call is made.
 * @at: address of the instruction
 *
 * The kernel must not take them for those of an interrupted call that it should restart.
 */
void trace_arch_call(struct user_regs_struct *regs, unsigned long at, long nr, const unsigned long args[6]);

/*
 * A net: memory below a thread's stack, laid out such that a thread whose registers are not its own finds its way
 * back, to all of its registers and its mask of signals. It needs two pieces of code that any libc has.
 */

/* A system call, and a return to what is on the stack. */
extern const unsigned char trace_call_return[];
extern const size_t trace_call_return_size;

/* What asks the kernel to take all registers from the stack, as at the end of a handler. There are two ways. */
struct trace_code {
	unsigned char bytes[16];
	size_t size;
};
extern const struct trace_code trace_sigreturn[2];

/* What is in a net. */
struct trace_net {
	struct user_regs_struct regs; /* to which it leads */
	uint64_t mask;
	const void *extended; /* floating point and vectors, as NT_X86_XSTATE, or NT_PRFPREG, has them */
	size_t extended_size;
	unsigned long sigreturn; /* where one of trace_sigreturn is */
};

/**
 * trace_arch_net_size - How many bytes of memory a net takes at most.
 * @extended_size: of trace_net.extended
 */
size_t trace_arch_net_size(size_t extended_size);

/**
 * trace_arch_weave - Makes a net.
 * @to: gets it, trace_arch_net_size() bytes, which are zero
 * @at: where it will be in the thread's memory, a multiple of 64
 *
 * Returns: the stack pointer with which a thread falls into it.
 */
unsigned long trace_arch_weave(void *to, unsigned long at, const struct trace_net *net);

/**
 * trace_arch_fall - Turns registers into those with which a thread falls into a net, as soon as it runs.
 * @call_return: where trace_call_return is
 * @stack: what trace_arch_weave() returned
 */
void trace_arch_fall(struct user_regs_struct *regs, unsigned long call_return, unsigned long stack);

/**
 * trace_arch_go_back - Changes registers to what the kernel would make of them when the thread goes on: a call that
 * was cut short is made again, for that is all that can be said in registers alone.
 */
void trace_arch_go_back(struct user_regs_struct *regs);

/** trace_arch_result - What the system call returned. */
long trace_arch_result(const struct user_regs_struct *regs);

/** trace_arch_pc - The program counter. */
unsigned long trace_arch_pc(const struct user_regs_struct *regs);

/** trace_arch_set_pc - Sets it. */
void trace_arch_set_pc(struct user_regs_struct *regs, unsigned long pc);

/** trace_arch_free_stack - The end of memory below the stack that the thread does not use. */
unsigned long trace_arch_free_stack(const struct user_regs_struct *regs);

/**
 * trace_arch_own_call - Address in this program of a system call instruction with a breakpoint behind it, which
 * a process that was made by fork has at the same place.
 */
unsigned long trace_arch_own_call(void);

/** trace_arch_call_code - The same two instructions, for a place of one's own. Returns: how many bytes. */
size_t trace_arch_call_code(unsigned char code[16]);

/* A system call that is made by trace_arch_batch_code(). */
struct trace_arch_batched {
	uint64_t nr;
	uint64_t args[6];
	int64_t result; /* is filled in */
};

/**
 * trace_arch_batch_code - Instructions that make system calls of a table, with a breakpoint behind them. They
 * can be anywhere and use no stack.
 * @code: gets them, they are in this program
 *
 * Returns: how many bytes.
 */
size_t trace_arch_batch_code(const void **code);

/** trace_arch_batch - Turns registers into those with which these instructions, at @at, are begun. */
void trace_arch_batch(struct user_regs_struct *regs, unsigned long at, unsigned long table, unsigned long nr);

/* What became of a system call that the stop of a thread cut short. */
enum trace_interruption {
	TRACE_NOT_INTERRUPTED, /* the thread was in none */
	TRACE_TO_REPEAT, /* the kernel will have it made again */
	TRACE_UNLESS_HANDLED, /* the same, unless a handler runs first: then it fails with EINTR */
	TRACE_TO_RESTART, /* the kernel will have it go on, with what it remembers of it */
	TRACE_ENDED_EARLY, /* it fails with EINTR, as some do for any stop, see signal(7) */
};

/** trace_arch_interruption - What became of the call that a stopped thread was in. */
enum trace_interruption trace_arch_interruption(const struct user_regs_struct *regs);

/** trace_arch_call_number - The system call that a stopped thread is in, negative: none. */
long trace_arch_call_number(const struct user_regs_struct *regs);

/** trace_arch_repeat_call - Has a thread that was in a system call make one with the same arguments. */
void trace_arch_repeat_call(struct user_regs_struct *regs, long nr);

/**
 * trace_arch_undo_end - Has the kernel make a call again that has ended early, unless a handler runs first. It does
 * so when the thread goes on, whoever lets it.
 */
void trace_arch_undo_end(struct user_regs_struct *regs);

/** trace_arch_end_call - Has the system call that a thread was in return something. */
void trace_arch_end_call(struct user_regs_struct *regs, long result);

#endif
