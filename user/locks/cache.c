// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "locks/cache.h"

static struct lock_cache_entry *slot_of(const struct lock_cache *cache, uint64_t key)
{
	size_t at = key * 0x9e3779b97f4a7c15ULL >> 32;

	while (cache->entries[at &= cache->room - 1].key && cache->entries[at].key != key)
		at++;
	return &cache->entries[at];
}

static int make_room(struct lock_cache *cache)
{
	struct lock_cache larger = { .nr = cache->nr, .room = cache->room ? 2 * cache->room : 64 };

	if (4 * cache->nr < 3 * cache->room)
		return 0;
	larger.entries = calloc(larger.room, sizeof(*larger.entries));
	if (!larger.entries)
		return -1;
	for (size_t i = 0; i < cache->room; i++) {
		if (cache->entries[i].key)
			*slot_of(&larger, cache->entries[i].key) = cache->entries[i];
	}
	free(cache->entries);
	*cache = larger;
	return 0;
}

void **lock_cache_get(struct lock_cache *cache, uint64_t key)
{
	struct lock_cache_entry *entry;

	if (make_room(cache))
		return NULL;
	entry = slot_of(cache, key);
	if (!entry->key) {
		entry->key = key;
		cache->nr++;
	}
	return &entry->value;
}

void lock_cache_free(struct lock_cache *cache, void (*free_value)(void *value))
{
	for (size_t i = 0; free_value && i < cache->room; i++)
		free_value(cache->entries[i].value);
	free(cache->entries);
	*cache = (struct lock_cache){ 0 };
}
