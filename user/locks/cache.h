/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remembers one pointer for each number: what is costly to read is read once.
 */
#ifndef LOCKS_CACHE_H
#define LOCKS_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct lock_cache_entry {
	uint64_t key; /* 0: empty */
	void *value;
};

/* All zero: empty. */
struct lock_cache {
	struct lock_cache_entry *entries;
	size_t nr, room; /* the room is a power of two */
};

/**
 * lock_cache_get - Finds what is remembered for a number that is not 0.
 *
 * Returns: the place of the pointer, new ones with NULL; good until the next call; NULL without memory.
 */
void **lock_cache_get(struct lock_cache *cache, uint64_t key);

/** lock_cache_free - Frees the cache and, with a function, what it remembers. */
void lock_cache_free(struct lock_cache *cache, void (*free_value)(void *value));

#endif
