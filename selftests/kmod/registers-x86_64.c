// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "registers.h"

/* All pointers must be such that programs of 32 bits have. */
static void *low_page(int protection, int flags)
{
	void *page = mmap(NULL, 4096, protection, flags | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

int *registers_flag_new(void)
{
	return low_page(PROT_READ | PROT_WRITE, MAP_SHARED);
}

static unsigned char pattern[512];

static void make_pattern(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = 7 * i + 1;
}

/* Upper halves of vector registers, which what is loaded after that leaves as they are. */
static void fill_avx(void)
{
	if (__builtin_cpu_supports("avx"))
		asm volatile("vmovdqu 256(%0), %%ymm0\n\t"
			     "vmovdqu 288(%0), %%ymm7\n\t"
			     "vmovdqu 320(%0), %%ymm15\n\t"
			     :
			     : "r"(pattern)
			     : "xmm0", "xmm7", "xmm15");
}

/* Does not return: makes a system call with patterns in all registers that it does not take, and spins. */
static void fill_and_call(long nr, int *flag)
{
	make_pattern();
	fill_avx();
	asm volatile("fldpi\n\t"
		     "fldl2e\n\t"
		     "fld1\n\t"
		     "movdqu 0(%[pattern]), %%xmm0\n\t"
		     "movdqu 16(%[pattern]), %%xmm1\n\t"
		     "movdqu 32(%[pattern]), %%xmm7\n\t"
		     "movdqu 48(%[pattern]), %%xmm8\n\t"
		     "movdqu 64(%[pattern]), %%xmm15\n\t"
		     "movl $1, (%[flag])\n\t"
		     "mov 80(%[pattern]), %%rbx\n\t"
		     "mov 88(%[pattern]), %%rdx\n\t"
		     "mov 96(%[pattern]), %%rsi\n\t"
		     "mov 104(%[pattern]), %%rdi\n\t"
		     "mov 112(%[pattern]), %%r8\n\t"
		     "mov 120(%[pattern]), %%r9\n\t"
		     "mov 128(%[pattern]), %%r10\n\t"
		     "mov 136(%[pattern]), %%r12\n\t"
		     "mov 144(%[pattern]), %%r13\n\t"
		     "mov 152(%[pattern]), %%r14\n\t"
		     "mov 160(%[pattern]), %%r15\n\t"
		     "syscall\n\t"
		     "1: jmp 1b"
		     :
		     : "a"(nr), [pattern] "c"(pattern), [flag] "d"(flag)
		     : "memory");
	__builtin_unreachable();
}

void registers_spin(void *flag)
{
	fill_and_call(SYS_getpid, flag);
}

void registers_sleep(void *flag)
{
	fill_and_call(SYS_pause, flag);
}

void registers_spin_with_ports(void *flag)
{
	/* Of the parallel port; nothing uses them. */
	if (!ioperm(0x378, 3, 1))
		fill_and_call(SYS_getpid, flag);
}

/* Where the kernel lets a program go on after a call gate or the like: __USER32_CS. */
#define CODE_32BIT 0x23

void registers_spin_32bit(void *flag)
{
	/* mov $0x12345678, %ebp; movl $1, FLAG; jmp itself */
	unsigned char code[] = {
		0xbd, 0x78, 0x56, 0x34, 0x12, 0xc7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0, 0xeb, 0xfe
	};
	char *page = low_page(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
	uint32_t flag_address = (uintptr_t)flag;
	struct {
		uint32_t offset;
		uint16_t segment;
	} __attribute__((packed)) target = { (uintptr_t)page, CODE_32BIT };

	if (!page)
		_exit(1);
	memcpy(code + 7, &flag_address, sizeof(flag_address));
	memcpy(page, code, sizeof(code));
	make_pattern();
	/* A far return would do on a CPU; QEMU's takes that for an access of the kernel's. */
	asm volatile("fldpi\n\t"
		     "movdqu (%[pattern]), %%xmm3\n\t"
		     "mov %[stack], %%rsp\n\t"
		     "ljmp *(%[target])"
		     :
		     : [pattern] "r"(pattern), [stack] "r"(page + 4096), [target] "r"(&target)
		     : "memory");
	__builtin_unreachable();
}
