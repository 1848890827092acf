/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which code of the module was run for those that asked, as /sys/kernel/debug/kcov tells of a thread's system calls
 * (Documentation/dev-tools/kcov.rst). The module must be the only code that was built for it.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <stdatomic.h>
#include <stdint.h>

/* A module's code is smaller: no two places of it share a bit. */
#define COVERAGE_BITS (1U << 20)

/* What all workers reached. */
struct coverage {
	_Atomic uint64_t seen[COVERAGE_BITS / 64];
};

/** coverage_begin - From now on the caller's system calls are watched. Ends the process if they cannot be. */
void coverage_begin(void);

/** coverage_collect - Adds what was run since then, or since the last time. Does nothing if nothing began. */
void coverage_collect(struct coverage *coverage);

/** coverage_count - Returns: how many places were reached. */
unsigned long coverage_count(const struct coverage *coverage);

#endif
