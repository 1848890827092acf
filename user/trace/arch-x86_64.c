// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "trace/arch.h"

const unsigned char trace_syscall_insn[] = { 0x0f, 0x05 };
const size_t trace_syscall_insn_size = sizeof(trace_syscall_insn);

/* Leaf functions keep data there without moving the stack pointer (System V ABI). */
#define RED_ZONE 128

void trace_arch_call(struct user_regs_struct *regs, unsigned long at, long nr,
		     const unsigned long args[6])
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
