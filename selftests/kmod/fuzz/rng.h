/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that look random and are the same again for the same seed.
 */
#ifndef FUZZ_RNG_H
#define FUZZ_RNG_H

#include <stdbool.h>
#include <stdint.h>

/** rng_next - The next number; each state leads to another one, so that any can be the seed. */
static inline uint64_t rng_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/** rng_below - One of the numbers from 0 to below a limit. */
static inline uint64_t rng_below(uint64_t *state, uint64_t limit)
{
	return rng_next(state) % limit;
}

/** rng_one_in - True once in so many times. */
static inline bool rng_one_in(uint64_t *state, uint64_t times)
{
	return !rng_below(state, times);
}

#endif
