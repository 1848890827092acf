/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_KEYED_H
#define CRLOCK_KEYED_H

#include "rows.h"

/**
 * struct crlock_keyed - Rows that begin with a pointer, by which they are found. It is never followed.
 * @rows: the rows; they are never only counted
 * @slots: 1 << @bits of them, at most half in use: 0, or 1 + a row's index
 * @bits: 0 before the first crlock_keyed_reserve()
 */
struct crlock_keyed {
	struct crlock_rows rows;
	u32 *slots;
	u32 bits;
};

void crlock_keyed_init(struct crlock_keyed *keyed, struct crlock_budget *budget, u32 size);
void crlock_keyed_free(struct crlock_keyed *keyed);
int crlock_keyed_reserve(struct crlock_keyed *keyed, u32 nr);
void *crlock_keyed_find(const struct crlock_keyed *keyed, const void *key);
void *crlock_keyed_add(struct crlock_keyed *keyed, const void *key);

/** crlock_keyed_fit - Whether there is room for so many more. */
static inline bool crlock_keyed_fit(const struct crlock_keyed *keyed, u32 nr)
{
	return keyed->bits && (1U << keyed->bits) / 2 - keyed->rows.nr >= nr &&
	       crlock_rows_fit(&keyed->rows, nr);
}

#endif
