/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_PTRMAP_H
#define CRLOCK_PTRMAP_H

#include <linux/types.h>

struct crlock_budget;

/** struct crlock_ptrmap_slot - A key and its value; free if @key is NULL. */
struct crlock_ptrmap_slot {
	const void *key;
	u32 value;
};

/**
 * struct crlock_ptrmap - Finds a number by a pointer, which it never follows.
 * @budget: whose memory it is
 * @slots: 1 << @bits of them, at most half in use
 * @nr: in use
 * @bits: 0 before the first crlock_ptrmap_reserve()
 */
struct crlock_ptrmap {
	struct crlock_budget *budget;
	struct crlock_ptrmap_slot *slots;
	u32 nr;
	u32 bits;
};

void crlock_ptrmap_free(struct crlock_ptrmap *map);
int crlock_ptrmap_reserve(struct crlock_ptrmap *map, u32 nr);
bool crlock_ptrmap_find(const struct crlock_ptrmap *map, const void *key, u32 *value);
void crlock_ptrmap_add(struct crlock_ptrmap *map, const void *key, u32 value);

static inline bool crlock_ptrmap_fit(const struct crlock_ptrmap *map, u32 nr)
{
	return map->bits && (1U << map->bits) / 2 - map->nr >= nr;
}

#endif
