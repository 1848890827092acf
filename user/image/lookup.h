/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in an array what has a number is. Numbers may be chosen by anyone, so that many of them come to one place: the
 * places are of a hash with a seed that nobody knows.
 */
#ifndef IMAGE_LOOKUP_H
#define IMAGE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_lookup_slot;

/* All zero: nothing is in it. */
struct image_lookup {
	struct image_lookup_slot *slots;
	size_t nr_slots; /* a power of two, or 0 */
	size_t nr; /* that were added */
	uint64_t seed;
};

/** image_lookup_add - Adds a number, which may be there: the first is found. @at: where it is. Returns: 0 or -ENOMEM. */
int image_lookup_add(struct image_lookup *lookup, uint64_t number, size_t at);

/** image_lookup_find - Finds a number. @at: gets where it is. Returns: whether it is there. */
bool image_lookup_find(const struct image_lookup *lookup, uint64_t number, size_t *at);

/** image_lookup_free - Frees what it owns, and empties it. */
void image_lookup_free(struct image_lookup *lookup);

#endif
