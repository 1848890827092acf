// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A net is the frame that the kernel makes for a handler, with a return address below that leads to
 * rt_sigreturn(2): to fall into it is to return from a handler that never began. Its layout is of
 * arch/x86/include/uapi/asm/sigcontext.h and ucontext.h.
 */
#include <cpuid.h>
#include <string.h>
#include <ucontext.h>

#include "trace/arch.h"

const unsigned char trace_call_return[] = { 0x0f, 0x05, 0xc3 };
const size_t trace_call_return_size = sizeof(trace_call_return);

const struct trace_code trace_sigreturn[2] = {
	{ { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 }, 9 }, /* mov $15, %rax; syscall */
	{ { 0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05 }, 7 }, /* mov $15, %eax; syscall */
};

#define LEGACY_SIZE 512
#define HEADER_SIZE 64
#define SOFTWARE    464 /* bytes of the legacy area that are for software */
#define X87_AND_SSE 3ULL
#define MAGIC_BEGIN 0x46505853
#define MAGIC_END   0x46505845
#define TRAP_FLAG   0x100UL

/* In the bytes for software: that there is more than the legacy area. */
struct software {
	uint32_t magic;
	uint32_t whole_size; /* with the magic number at the end */
	uint64_t features;
	uint32_t size;
	uint32_t pad[7];
};

struct frame {
	uint64_t return_address;
	struct {
		uint64_t flags;
		uint64_t link;
		stack_t stack;
		gregset_t registers;
		uint64_t extended;
		uint64_t reserved[8];
		uint64_t mask;
	} context;
};

enum {
	HAS_XSTATE = 1,
	HAS_SS = 2,
	STRICT_SS = 4,
};

#define ALIGN(size) (((size) + 63) & ~63UL)

size_t trace_arch_net_size(size_t extended_size)
{
	return ALIGN(sizeof(struct frame)) + ALIGN(extended_size + sizeof(uint32_t));
}

/* Up to where there is something: a kernel takes no more than what the thread is permitted to have. */
static size_t used_size(uint64_t features, size_t max)
{
	size_t used = LEGACY_SIZE + HEADER_SIZE;
	uint32_t size, offset, c, d;

	for (unsigned int i = 2; i < 64; i++) {
		if (!(features >> i & 1) || !__get_cpuid_count(13, i, &size, &offset, &c, &d))
			continue;
		if (offset + size > used && offset + size <= max)
			used = offset + size;
	}
	return used;
}

static void weave_extended(unsigned char *to, const void *extended, size_t extended_size)
{
	struct software software = { .magic = MAGIC_BEGIN };
	const uint32_t end = MAGIC_END;

	memcpy(to, extended, extended_size);
	memset(to + SOFTWARE, 0, sizeof(software));
	if (extended_size < LEGACY_SIZE + HEADER_SIZE)
		return;
	memcpy(&software.features, to + LEGACY_SIZE, sizeof(software.features));
	software.size = used_size(software.features, extended_size);
	software.whole_size = software.size + sizeof(end);
	/* Those are restored in any case, and what is not there is as at the beginning. */
	software.features |= X87_AND_SSE;
	memcpy(to + SOFTWARE, &software, sizeof(software));
	memcpy(to + software.size, &end, sizeof(end));
}

static void weave_registers(greg_t *to, const struct user_regs_struct *from)
{
	to[REG_R8] = from->r8;
	to[REG_R9] = from->r9;
	to[REG_R10] = from->r10;
	to[REG_R11] = from->r11;
	to[REG_R12] = from->r12;
	to[REG_R13] = from->r13;
	to[REG_R14] = from->r14;
	to[REG_R15] = from->r15;
	to[REG_RDI] = from->rdi;
	to[REG_RSI] = from->rsi;
	to[REG_RBP] = from->rbp;
	to[REG_RBX] = from->rbx;
	to[REG_RDX] = from->rdx;
	to[REG_RAX] = from->rax;
	to[REG_RCX] = from->rcx;
	to[REG_RSP] = from->rsp;
	to[REG_RIP] = from->rip;
	to[REG_EFL] = from->eflags;
	to[REG_CSGSFS] = (from->cs & 0xffff) | (from->ss & 0xffff) << 48;
}

unsigned long trace_arch_weave(void *to, unsigned long at, const struct trace_net *net)
{
	struct frame *frame = to;
	size_t extended = ALIGN(sizeof(*frame));

	frame->return_address = net->sigreturn;
	frame->context.flags = HAS_SS | STRICT_SS;
	if (net->extended_size >= LEGACY_SIZE + HEADER_SIZE)
		frame->context.flags |= HAS_XSTATE;
	/* No alternate stack is so: the kernel leaves alone what the thread has. */
	frame->context.stack.ss_flags = 0x7f;
	weave_registers(frame->context.registers, &net->regs);
	frame->context.extended = at + extended;
	frame->context.mask = net->mask;
	weave_extended((unsigned char *)to + extended, net->extended, net->extended_size);
	return at;
}

void trace_arch_fall(struct user_regs_struct *regs, unsigned long call_return, unsigned long stack)
{
	regs->rip = call_return + trace_syscall_insn_size;
	regs->rsp = stack;
	regs->orig_rax = -1;
	/* Who steps through itself does not step through this. */
	regs->eflags &= ~TRAP_FLAG;
}

void trace_arch_go_back(struct user_regs_struct *regs)
{
	switch (trace_arch_interruption(regs)) {
	case TRACE_NOT_INTERRUPTED:
		break;
	case TRACE_TO_REPEAT:
	case TRACE_UNLESS_HANDLED:
	case TRACE_TO_RESTART:
	case TRACE_ENDED_EARLY:
		trace_arch_repeat_call(regs, trace_arch_call_number(regs));
		break;
	}
}
