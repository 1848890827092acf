// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "image/lookup.h"

struct image_lookup_slot {
	uint64_t number;
	size_t at; /* and 1; 0: nothing is here */
};

/* Returns: the slot that has the number, or the one where it is to be. There are free ones. */
static struct image_lookup_slot *slot_of(const struct image_lookup *lookup, uint64_t number)
{
	size_t i = XXH64(&number, sizeof(number), lookup->seed);

	while (true) {
		struct image_lookup_slot *slot = &lookup->slots[i++ & (lookup->nr_slots - 1)];

		if (!slot->at || slot->number == number)
			return slot;
	}
}

static int grow(struct image_lookup *lookup)
{
	struct image_lookup larger = { .nr_slots = lookup->nr_slots ? 2 * lookup->nr_slots : 8 };

	larger.slots = calloc(larger.nr_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	larger.nr = lookup->nr;
	/* Without one it is only slower. */
	if (getrandom(&larger.seed, sizeof(larger.seed), GRND_NONBLOCK) < 0)
		larger.seed = (uintptr_t)larger.slots;
	for (size_t i = 0; i < lookup->nr_slots; i++) {
		if (lookup->slots[i].at)
			*slot_of(&larger, lookup->slots[i].number) = lookup->slots[i];
	}
	free(lookup->slots);
	*lookup = larger;
	return 0;
}

int image_lookup_add(struct image_lookup *lookup, uint64_t number, size_t at)
{
	struct image_lookup_slot *slot;

	if (2 * (lookup->nr + 1) > lookup->nr_slots && grow(lookup))
		return -ENOMEM;
	slot = slot_of(lookup, number);
	if (!slot->at)
		*slot = (struct image_lookup_slot){ number, at + 1 };
	lookup->nr++;
	return 0;
}

bool image_lookup_find(const struct image_lookup *lookup, uint64_t number, size_t *at)
{
	const struct image_lookup_slot *slot = lookup->nr ? slot_of(lookup, number) : NULL;

	if (!slot || !slot->at)
		return false;
	*at = slot->at - 1;
	return true;
}

void image_lookup_free(struct image_lookup *lookup)
{
	free(lookup->slots);
	*lookup = (struct image_lookup){ 0 };
}
