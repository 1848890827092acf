// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays of rows. Room is made where one may sleep; adding, within that room, works under spinlocks.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "budget.h"
#include "rows.h"

#define CHUNK_SIZE   (16 * 1024U)
#define FIRST_CHUNKS 32

/**
 * crlock_rows_init - Makes an empty array, to be freed with crlock_rows_free().
 * @rows: the array
 * @budget: must outlive it
 * @size: of a row, bytes
 */
void crlock_rows_init(struct crlock_rows *rows, struct crlock_budget *budget, u32 size)
{
	*rows = (struct crlock_rows){
		.budget = budget,
		.size = size,
		.per_chunk = CHUNK_SIZE / size,
		.inverse = reciprocal_value(CHUNK_SIZE / size),
	};
}

/* Return: 0, -ENOBUFS or -ENOMEM. */
static int add_chunk(struct crlock_rows *rows)
{
	u32 chunk = rows->room / rows->per_chunk, max;
	void *p;

	if (chunk == rows->max_chunks) {
		max = rows->max_chunks ? 2 * rows->max_chunks : FIRST_CHUNKS;
		p = crlock_alloc(rows->budget, max * sizeof(void *));
		if (IS_ERR(p))
			return PTR_ERR(p);
		if (chunk)
			memcpy(p, rows->chunks, chunk * sizeof(void *));
		crlock_free(rows->budget, rows->chunks, rows->max_chunks * sizeof(void *));
		rows->chunks = p;
		rows->max_chunks = max;
	}
	p = crlock_alloc(rows->budget, CHUNK_SIZE);
	if (IS_ERR(p))
		return PTR_ERR(p);
	rows->chunks[chunk] = p;
	rows->room += rows->per_chunk;
	return 0;
}

/** crlock_rows_free - Frees what an array has; it may be all zero. */
void crlock_rows_free(struct crlock_rows *rows)
{
	u32 i;

	for (i = 0; rows->room && i < rows->room / rows->per_chunk; i++)
		crlock_free(rows->budget, rows->chunks[i], CHUNK_SIZE);
	crlock_free(rows->budget, rows->chunks, rows->max_chunks * sizeof(void *));
	rows->chunks = NULL;
	rows->max_chunks = 0;
	rows->room = 0;
}

/**
 * crlock_rows_reserve - Makes room for more rows. May sleep.
 * @rows: the array
 * @nr: how many more
 *
 * Return: 0, -ENOBUFS or -ENOMEM.
 */
int crlock_rows_reserve(struct crlock_rows *rows, u32 nr)
{
	int err = 0;

	while (!err && !crlock_rows_fit(rows, nr)) {
		if (rows->room > U32_MAX - CHUNK_SIZE)
			return -ENOBUFS;
		err = add_chunk(rows);
	}
	return err;
}

/** crlock_rows_count - Gives up the rows, and from now on only counts them. */
void crlock_rows_count(struct crlock_rows *rows)
{
	crlock_rows_free(rows);
	rows->counting = true;
}

/** crlock_rows_bytes - The memory that the rows take, or would if they were kept; at most. */
u64 crlock_rows_bytes(const struct crlock_rows *rows)
{
	u64 chunks = DIV_ROUND_UP(rows->nr, rows->per_chunk) + 1;

	/* When the pointers move they are there twice: the old ones and twice as many. */
	return chunks * CHUNK_SIZE + (3 * chunks + FIRST_CHUNKS) * sizeof(void *);
}
