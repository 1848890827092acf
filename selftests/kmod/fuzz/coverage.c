// SPDX-License-Identifier: GPL-2.0-or-later
#include <err.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "coverage.h"

/* Of one request's trace; what is behind is not noted. */
#define PLACES_MAX (1U << 16)

/* The number of places, and then their addresses; NULL: nobody watches. */
static _Atomic uint64_t *trace;

void coverage_begin(void)
{
	static const char file[] = "/sys/kernel/debug/kcov";
	int fd = open(file, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, (unsigned long)PLACES_MAX))
		err(1, "%s", file);
	memory = mmap(NULL, PLACES_MAX * sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		err(1, "%s", file);
	trace = memory;
	trace[0] = 0;
}

void coverage_collect(struct coverage *coverage)
{
	uint64_t nr, bit;

	if (!trace)
		return;
	nr = trace[0];
	for (uint64_t i = 1; i <= nr && i < PLACES_MAX; i++) {
		bit = trace[i] % COVERAGE_BITS;
		if (!(coverage->seen[bit / 64] & 1ULL << bit % 64))
			coverage->seen[bit / 64] |= 1ULL << bit % 64;
	}
	trace[0] = 0;
}

unsigned long coverage_count(const struct coverage *coverage)
{
	unsigned long count = 0;

	for (size_t i = 0; i < COVERAGE_BITS / 64; i++)
		count += __builtin_popcountll(coverage->seen[i]);
	return count;
}
