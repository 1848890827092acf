/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Things that are found by a hash of what they are about, and gone through now and then to drop some.
 */
#ifndef CRLOCK_TOP_TABLE_H
#define CRLOCK_TOP_TABLE_H

#include <stdbool.h>

#include "locks/cache.h"

/* The first member of what is in a table. */
struct table_item {
	uint64_t hash; /* not 0 */
	struct table_item *next; /* of the same hash */
};

/* All zero: empty. */
struct table {
	struct table_item **items; /* owned, from malloc(3) */
	size_t nr;
	struct lock_cache by_hash;
};

/** table_first - The first item of a hash, from which next leads to the others; NULL: there is none. */
struct table_item *table_first(struct table *table, uint64_t hash);

/** table_add - Adds an item with its hash, which from then on the table owns. Returns: 0 or -ENOMEM. */
int table_add(struct table *table, struct table_item *item);

/**
 * table_keep - Drops the items that a function says no to.
 * @keep: is called for each; what it says no to, it has freed but for the item itself
 *
 * Returns: 0, or -ENOMEM: then nothing is found any more.
 */
int table_keep(struct table *table, bool (*keep)(struct table_item *item));

/** table_free - Frees all that are left, as free(3) does, and empties it. */
void table_free(struct table *table);

#endif
