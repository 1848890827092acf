/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_KEYED_H
#define CRLOCK_KEYED_H

#include <linux/hash.h>

#include "rows.h"

/**
 * struct crlock_slot - Where a key is, or could be.
 * @tag: part of it, so that rows of most others need not be looked at
 * @row: 0: free; or 1 + a row's index
 */
struct crlock_slot {
	u32 tag;
	u32 row;
};

/**
 * struct crlock_keyed - Rows that begin with a pointer, by which they are found. It is never followed.
 * @rows: the rows; they are never only counted
 * @slots: 1 << @bits of them, at most half in use
 * @bits: 0 before the first crlock_keyed_reserve()
 */
struct crlock_keyed {
	struct crlock_rows rows;
	struct crlock_slot *slots;
	u32 bits;
};

void crlock_keyed_init(struct crlock_keyed *keyed, struct crlock_budget *budget, u32 size);
void crlock_keyed_free(struct crlock_keyed *keyed);
int crlock_keyed_reserve(struct crlock_keyed *keyed, u32 nr);

/** crlock_keyed_fit - Whether there is room for so many more. */
static inline bool crlock_keyed_fit(const struct crlock_keyed *keyed, u32 nr)
{
	return keyed->bits && (1U << keyed->bits) / 2 - keyed->rows.nr >= nr &&
	       crlock_rows_fit(&keyed->rows, nr);
}

static inline const void *crlock_keyed_key(const struct crlock_keyed *keyed, u32 index)
{
	return *(const void **)crlock_row(&keyed->rows, index);
}

/**
 * crlock_keyed_slot - The slot of a key, or the free one where it would be.
 * @keyed: the rows; something has been reserved
 * @key: the key
 *
 * What this and the functions below do is done for every descriptor: they are inline for that. Objects
 * of one page, which are mostly asked for together, have their slots side by side, so that few of the
 * lines of memory that the table takes are fetched anew.
 *
 * Return: the slot, good until another key is added.
 */
static inline struct crlock_slot *crlock_keyed_slot(const struct crlock_keyed *keyed,
						    const void *key)
{
	unsigned long address = (unsigned long)key;
	u64 hash = (address >> 12) * GOLDEN_RATIO_64;
	u32 mask = (1U << keyed->bits) - 1, tag = address >> 3;
	u32 i = hash >> (68 - keyed->bits) << 4 | (address >> 8 & 15);
	struct crlock_slot *slot;

	for (;; i++) {
		slot = &keyed->slots[i & mask];
		if (!slot->row) {
			slot->tag = tag;
			return slot;
		}
		if (slot->tag == tag && crlock_keyed_key(keyed, slot->row - 1) == key)
			return slot;
	}
}

/** crlock_keyed_at - The row of a slot, the last of several with one key; NULL if it is free. */
static inline void *crlock_keyed_at(const struct crlock_keyed *keyed, const struct crlock_slot *slot)
{
	return slot->row ? crlock_row(&keyed->rows, slot->row - 1) : NULL;
}

/** crlock_keyed_find - The row with a key, the last of several; NULL if there is none. */
static inline void *crlock_keyed_find(const struct crlock_keyed *keyed, const void *key)
{
	return keyed->bits ? crlock_keyed_at(keyed, crlock_keyed_slot(keyed, key)) : NULL;
}

/**
 * crlock_keyed_add - Adds a row, for which crlock_keyed_fit(). From then on it is the one with that key.
 * @keyed: the rows
 * @slot: of the key
 * @key: what the row begins with
 *
 * Return: the row, to be filled in but for its key.
 */
static inline void *crlock_keyed_add(struct crlock_keyed *keyed, struct crlock_slot *slot,
				     const void *key)
{
	const void **row = crlock_rows_add(&keyed->rows);

	slot->row = keyed->rows.nr;
	*row = key;
	return row;
}

#endif
