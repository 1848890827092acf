// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#include "trace/arch.h"

const unsigned char trace_syscall_insn[] = { 0x0f, 0x05 };
const size_t trace_syscall_insn_size = sizeof(trace_syscall_insn);

/* Leaf functions keep data there without moving the stack pointer (System V ABI). */
#define RED_ZONE 128

void trace_arch_call(struct user_regs_struct *regs, unsigned long at, long nr, const unsigned long args[6])
{
	regs->rip = at;
	regs->rax = nr;
	regs->orig_rax = -1;
	regs->rdi = args[0];
	regs->rsi = args[1];
	regs->rdx = args[2];
	regs->r10 = args[3];
	regs->r8 = args[4];
	regs->r9 = args[5];
}

long trace_arch_result(const struct user_regs_struct *regs)
{
	return regs->rax;
}

unsigned long trace_arch_pc(const struct user_regs_struct *regs)
{
	return regs->rip;
}

void trace_arch_set_pc(struct user_regs_struct *regs, unsigned long pc)
{
	regs->rip = pc;
}

unsigned long trace_arch_free_stack(const struct user_regs_struct *regs)
{
	return (regs->rsp - RED_ZONE) & ~15UL;
}

/* A system call, and a breakpoint behind it. */
#define CALL_CODE 0x0f, 0x05, 0xcc

__asm__(".pushsection .text\n"
	"trace_own_call: .byte 0x0f, 0x05, 0xcc\n"
	".popsection\n");
extern const char trace_own_call[] __attribute__((visibility("hidden")));

unsigned long trace_arch_own_call(void)
{
	return (unsigned long)trace_own_call;
}

size_t trace_arch_call_code(unsigned char code[16])
{
	static const unsigned char bytes[] = { CALL_CODE };

	memcpy(code, bytes, sizeof(bytes));
	return sizeof(bytes);
}

/*
 * r12: the next call in the table, r13: how many are left. A system call changes none of them, but for rax, rcx
 * and r11.
 */
__asm__(".pushsection .text\n"
	"trace_batch_begin:\n"
	"	mov (%r12), %rax\n"
	"	mov 8(%r12), %rdi\n"
	"	mov 16(%r12), %rsi\n"
	"	mov 24(%r12), %rdx\n"
	"	mov 32(%r12), %r10\n"
	"	mov 40(%r12), %r8\n"
	"	mov 48(%r12), %r9\n"
	"	syscall\n"
	"	mov %rax, 56(%r12)\n"
	"	add $64, %r12\n"
	"	dec %r13\n"
	"	jnz trace_batch_begin\n"
	"	int3\n"
	"trace_batch_end:\n"
	".popsection\n");
extern const char trace_batch_begin[] __attribute__((visibility("hidden")));
extern const char trace_batch_end[] __attribute__((visibility("hidden")));

_Static_assert(sizeof(struct trace_arch_batched) == 64, "the instructions know it");

size_t trace_arch_batch_code(const void **code)
{
	*code = trace_batch_begin;
	return (uintptr_t)trace_batch_end - (uintptr_t)trace_batch_begin;
}

void trace_arch_batch(struct user_regs_struct *regs, unsigned long at, unsigned long table, unsigned long nr)
{
	regs->rip = at;
	regs->orig_rax = -1;
	regs->r12 = table;
	regs->r13 = nr;
}

/* Numbers that the kernel keeps to itself, but for tracers. */
enum {
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

/*
 * Calls that fail with EINTR when their thread is stopped, though no handler runs, and that have done nothing
 * then: they can be made again. Of those on files, only sockets with a time limit do so.
 */
static bool fails_when_stopped(long nr)
{
	static const short calls[] = {
		SYS_epoll_wait,	     SYS_epoll_pwait,  SYS_epoll_pwait2,  SYS_semop,  SYS_semtimedop,
		SYS_rt_sigtimedwait, SYS_io_getevents, SYS_io_pgetevents, SYS_accept, SYS_accept4,
		SYS_recvfrom,	     SYS_recvmsg,      SYS_recvmmsg,	  SYS_sendto, SYS_sendmsg,
		SYS_sendmmsg,	     SYS_read,	       SYS_readv,	  SYS_write,  SYS_writev,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (calls[i] == nr)
			return true;
	}
	return false;
}

enum trace_interruption trace_arch_interruption(const struct user_regs_struct *regs)
{
	/* Negative: not a system call. */
	if ((long)regs->orig_rax < 0)
		return TRACE_NOT_INTERRUPTED;
	switch (-(long)regs->rax) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
		return TRACE_TO_REPEAT;
	case ERESTARTNOHAND:
		return TRACE_UNLESS_HANDLED;
	case ERESTART_RESTARTBLOCK:
		return TRACE_TO_RESTART;
	case EINTR:
		return fails_when_stopped(regs->orig_rax) ? TRACE_ENDED_EARLY : TRACE_NOT_INTERRUPTED;
	default:
		return TRACE_NOT_INTERRUPTED;
	}
}

long trace_arch_call_number(const struct user_regs_struct *regs)
{
	return regs->orig_rax;
}

void trace_arch_repeat_call(struct user_regs_struct *regs, long nr)
{
	regs->rax = nr;
	regs->rip -= trace_syscall_insn_size;
}

void trace_arch_undo_end(struct user_regs_struct *regs)
{
	regs->rax = -ERESTARTNOHAND;
}

void trace_arch_end_call(struct user_regs_struct *regs, long result)
{
	regs->rax = result;
}
