// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows that are found by a pointer: a hash table with open addressing, grown where one may sleep, used under
 * spinlocks.
 */
#include <linux/err.h>
#include <linux/sched.h>

#include "budget.h"
#include "keyed.h"

#define FIRST_BITS 10
#define LAST_BITS  30

static size_t slots_size(u32 bits)
{
	return sizeof(struct crlock_slot) << bits;
}

/**
 * crlock_keyed_init - Makes it empty, to be freed with crlock_keyed_free().
 * @keyed: the rows
 * @budget: must outlive it
 * @size: of a row, bytes
 */
void crlock_keyed_init(struct crlock_keyed *keyed, struct crlock_budget *budget, u32 size)
{
	*keyed = (struct crlock_keyed){};
	crlock_rows_init(&keyed->rows, budget, size);
}

/** crlock_keyed_free - Frees what there is; it may be all zero. */
void crlock_keyed_free(struct crlock_keyed *keyed)
{
	crlock_free(keyed->rows.budget, keyed->slots, slots_size(keyed->bits));
	keyed->slots = NULL;
	keyed->bits = 0;
	crlock_rows_free(&keyed->rows);
}

static int grow(struct crlock_keyed *keyed, u32 nr)
{
	u32 bits = keyed->bits ? keyed->bits + 2 : FIRST_BITS, i;
	struct crlock_slot *slots;

	while ((1ULL << bits) / 2 < (u64)keyed->rows.nr + nr)
		bits++;
	if (bits > LAST_BITS)
		return -ENOBUFS;
	slots = crlock_alloc(keyed->rows.budget, slots_size(bits), __GFP_ZERO);
	if (IS_ERR(slots))
		return PTR_ERR(slots);
	crlock_free(keyed->rows.budget, keyed->slots, slots_size(keyed->bits));
	keyed->slots = slots;
	keyed->bits = bits;
	/* In order, so that of rows with one key the last is found. */
	for (i = 0; i < keyed->rows.nr; i++) {
		crlock_keyed_slot(keyed, crlock_keyed_key(keyed, i))->row = i + 1;
		cond_resched();
	}
	return 0;
}

/**
 * crlock_keyed_reserve - Makes room for more rows. May sleep.
 * @keyed: the rows
 * @nr: how many more
 *
 * Return: 0, -ENOBUFS or -ENOMEM.
 */
int crlock_keyed_reserve(struct crlock_keyed *keyed, u32 nr)
{
	int err = crlock_rows_reserve(&keyed->rows, nr);

	return err || crlock_keyed_fit(keyed, nr) ? err : grow(keyed, nr);
}
