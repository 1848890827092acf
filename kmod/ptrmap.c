// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps from pointers to numbers: open addressing, grown where one may sleep, used under spinlocks.
 */
#include <linux/err.h>
#include <linux/hash.h>

#include "budget.h"
#include "ptrmap.h"

#define FIRST_BITS 8
#define LAST_BITS  30

static size_t slots_size(u32 bits)
{
	return sizeof(struct crlock_ptrmap_slot) << bits;
}

/** crlock_ptrmap_free - Frees what a map has; it may be all zero but for its budget. */
void crlock_ptrmap_free(struct crlock_ptrmap *map)
{
	if (map->bits)
		crlock_free(map->budget, map->slots, slots_size(map->bits));
	map->slots = NULL;
	map->bits = 0;
	map->nr = 0;
}

static struct crlock_ptrmap_slot *slot_of(const struct crlock_ptrmap *map, const void *key)
{
	u32 mask = (1U << map->bits) - 1;
	u32 i = hash_ptr(key, map->bits);

	while (map->slots[i].key && map->slots[i].key != key)
		i = (i + 1) & mask;
	return &map->slots[i];
}

/**
 * crlock_ptrmap_reserve - Makes room for more keys. May sleep.
 * @map: the map
 * @nr: how many more
 *
 * Return: 0, -ENOBUFS or -ENOMEM; the map is as it was then.
 */
int crlock_ptrmap_reserve(struct crlock_ptrmap *map, u32 nr)
{
	struct crlock_ptrmap larger = *map;
	u32 i;

	if (crlock_ptrmap_fit(map, nr))
		return 0;
	larger.nr = 0;
	larger.bits = map->bits ? map->bits + 1 : FIRST_BITS;
	while ((1ULL << larger.bits) / 2 < (u64)map->nr + nr)
		larger.bits++;
	if (larger.bits > LAST_BITS)
		return -ENOBUFS;
	larger.slots = crlock_alloc(map->budget, slots_size(larger.bits));
	if (IS_ERR(larger.slots))
		return PTR_ERR(larger.slots);
	for (i = 0; map->bits && i < 1U << map->bits; i++)
		if (map->slots[i].key)
			crlock_ptrmap_add(&larger, map->slots[i].key, map->slots[i].value);
	crlock_ptrmap_free(map);
	*map = larger;
	return 0;
}

/** crlock_ptrmap_find - Whether a key is there; if it is, gives its value. */
bool crlock_ptrmap_find(const struct crlock_ptrmap *map, const void *key, u32 *value)
{
	const struct crlock_ptrmap_slot *slot;

	if (!map->bits)
		return false;
	slot = slot_of(map, key);
	if (!slot->key)
		return false;
	*value = slot->value;
	return true;
}

/** crlock_ptrmap_add - Adds a key for which crlock_ptrmap_fit(), or gives it another value. */
void crlock_ptrmap_add(struct crlock_ptrmap *map, const void *key, u32 value)
{
	struct crlock_ptrmap_slot *slot = slot_of(map, key);

	if (!slot->key)
		map->nr++;
	slot->key = key;
	slot->value = value;
}
