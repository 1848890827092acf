// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/tree/processor.h"

/* The system call itself, for machines of more processors than cpu_set_t has. */
static uint64_t mask_before[1024];
static long size; /* bytes of it; 0: nothing was changed */

void processor_keep(void)
{
	uint64_t mask[sizeof(mask_before) / sizeof(*mask_before)] = { 0 };
	unsigned int cpu;
	long ret = syscall(SYS_sched_getaffinity, 0, sizeof(mask_before), mask_before);

	if (ret <= 0 || syscall(SYS_getcpu, &cpu, NULL, NULL) || cpu >= 8 * sizeof(mask))
		return;
	mask[cpu / 64] |= 1ULL << cpu % 64;
	if (!syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask))
		size = ret;
}

int processor_free(pid_t tid)
{
	if (!size)
		return 0;
	return syscall(SYS_sched_setaffinity, tid, size, mask_before) ? -errno : 0;
}

void processor_leave(void)
{
	processor_free(0);
}
