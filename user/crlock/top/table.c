// SPDX-License-Identifier: GPL-2.0-or-later
#include "crlock/top/table.h"
#include "locks/append.h"

struct table_item *table_first(struct table *table, uint64_t hash)
{
	void **cached = lock_cache_get(&table->by_hash, hash);

	return cached ? *cached : NULL;
}

/* Has an item found by its hash. */
static int find_by_hash(struct table *table, struct table_item *item)
{
	void **cached = lock_cache_get(&table->by_hash, item->hash);

	if (!cached)
		return -ENOMEM;
	item->next = *cached;
	*cached = item;
	return 0;
}

int table_add(struct table *table, struct table_item *item)
{
	int err = append(table->items, table->nr, item);

	if (err)
		return err;
	err = find_by_hash(table, item);
	if (err)
		table->nr--;
	return err;
}

int table_keep(struct table *table, bool (*keep)(struct table_item *item))
{
	size_t nr = 0;
	int err = 0;

	lock_cache_free(&table->by_hash, NULL);
	for (size_t i = 0; i < table->nr; i++) {
		struct table_item *item = table->items[i];

		if (keep(item)) {
			table->items[nr++] = item;
			err = err ?: find_by_hash(table, item);
		} else {
			free(item);
		}
	}
	table->nr = nr;
	return err;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->nr; i++)
		free(table->items[i]);
	free(table->items);
	lock_cache_free(&table->by_hash, NULL);
	*table = (struct table){ 0 };
}
