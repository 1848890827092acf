// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays of rows. Room is made where one may sleep; adding, within that room, works under spinlocks.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/sched.h>
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

/* Return: memory; NULL if rows are only counted; or an ERR_PTR: -ENOBUFS or -ENOMEM. */
static void *take(struct crlock_rows *rows, size_t size)
{
	if (!rows->counting)
		return crlock_alloc(rows->budget, size, 0);
	crlock_count(rows->budget, size);
	return NULL;
}

static void give_back(struct crlock_rows *rows, void *p, size_t size)
{
	if (rows->counting)
		rows->budget->counted -= size;
	else
		crlock_free(rows->budget, p, size);
}

/* Return: 0, -ENOBUFS or -ENOMEM. */
static int add_chunk(struct crlock_rows *rows)
{
	u32 chunk = rows->room / rows->per_chunk, max;
	void *p;

	if (chunk == rows->max_chunks) {
		max = rows->max_chunks ? 2 * rows->max_chunks : FIRST_CHUNKS;
		p = take(rows, max * sizeof(void *));
		if (IS_ERR(p))
			return PTR_ERR(p);
		if (p && chunk)
			memcpy(p, rows->chunks, chunk * sizeof(void *));
		give_back(rows, rows->chunks, rows->max_chunks * sizeof(void *));
		rows->chunks = p;
		rows->max_chunks = max;
	}
	p = take(rows, CHUNK_SIZE);
	if (IS_ERR(p))
		return PTR_ERR(p);
	if (p)
		rows->chunks[chunk] = p;
	rows->room += rows->per_chunk;
	return 0;
}

/** crlock_rows_free - Frees what an array has; it may be all zero. May sleep. */
void crlock_rows_free(struct crlock_rows *rows)
{
	u32 i;

	for (i = 0; rows->room && i < rows->room / rows->per_chunk; i++) {
		give_back(rows, rows->chunks ? rows->chunks[i] : NULL, CHUNK_SIZE);
		cond_resched();
	}
	if (rows->max_chunks)
		give_back(rows, rows->chunks, rows->max_chunks * sizeof(void *));
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

/**
 * crlock_rows_count - Gives up the rows, and from now on only counts them, and the memory for them.
 * @rows: the array; what it has room for stays the same
 */
void crlock_rows_count(struct crlock_rows *rows)
{
	u32 room = rows->room, max_chunks = rows->max_chunks;

	crlock_rows_free(rows);
	rows->counting = true;
	rows->room = room;
	rows->max_chunks = max_chunks;
	crlock_count(rows->budget, (u64)room / rows->per_chunk * CHUNK_SIZE + max_chunks * sizeof(void *));
}
