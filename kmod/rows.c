// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays of rows. Room is made where one may sleep; adding, within that room, works under spinlocks.
 */
#include <linux/err.h>
#include <linux/kernel.h>

#include "budget.h"
#include "rows.h"

#define CHUNK_SIZE (16 * 1024U)

static u32 rows_per_chunk(const struct crlock_rows *rows)
{
	return CHUNK_SIZE / rows->size;
}

static size_t chunks_max(const struct crlock_rows *rows)
{
	return rows->budget->max / CHUNK_SIZE + 1;
}

/**
 * crlock_rows_init - Makes an empty array.
 * @rows: the array
 * @budget: must outlive it
 * @size: of a row, bytes
 *
 * Return: 0, -ENOBUFS or -ENOMEM.
 */
int crlock_rows_init(struct crlock_rows *rows, struct crlock_budget *budget, u32 size)
{
	*rows = (struct crlock_rows){ .budget = budget, .size = size };
	rows->chunks = crlock_alloc(budget, chunks_max(rows) * sizeof(*rows->chunks));
	if (IS_ERR(rows->chunks)) {
		int err = PTR_ERR(rows->chunks);

		rows->chunks = NULL;
		return err;
	}
	return 0;
}

static void free_chunks(struct crlock_rows *rows)
{
	u32 i;

	for (i = 0; i < rows->room / rows_per_chunk(rows); i++)
		crlock_free(rows->budget, rows->chunks[i], CHUNK_SIZE);
	rows->room = 0;
}

/** crlock_rows_free - Frees an array that was made, or is all zero. */
void crlock_rows_free(struct crlock_rows *rows)
{
	if (!rows->chunks)
		return;
	free_chunks(rows);
	crlock_free(rows->budget, rows->chunks, chunks_max(rows) * sizeof(*rows->chunks));
	rows->chunks = NULL;
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
	while (!crlock_rows_fit(rows, nr)) {
		u32 chunk = rows->room / rows_per_chunk(rows);
		void *p;

		if (chunk >= chunks_max(rows))
			return -ENOBUFS;
		p = crlock_alloc(rows->budget, CHUNK_SIZE);
		if (IS_ERR(p))
			return PTR_ERR(p);
		rows->chunks[chunk] = p;
		rows->room += rows_per_chunk(rows);
	}
	return 0;
}

/** crlock_rows_count - Gives up the rows, and from now on only counts them. */
void crlock_rows_count(struct crlock_rows *rows)
{
	free_chunks(rows);
	rows->counting = true;
}

/** crlock_rows_bytes - The memory that the rows take, or would if they were kept. */
u64 crlock_rows_bytes(const struct crlock_rows *rows)
{
	return (u64)DIV_ROUND_UP(rows->nr, rows_per_chunk(rows)) * CHUNK_SIZE +
	       chunks_max(rows) * sizeof(*rows->chunks);
}

/** crlock_row - The row at an index less than nr; not if they are only counted. */
void *crlock_row(const struct crlock_rows *rows, u32 index)
{
	u32 per_chunk = rows_per_chunk(rows);

	return rows->chunks[index / per_chunk] + (size_t)(index % per_chunk) * rows->size;
}

/**
 * crlock_rows_add - Appends a row, for which crlock_rows_fit().
 * @rows: the array
 *
 * Return: the row, zeroed; NULL if rows are only counted.
 */
void *crlock_rows_add(struct crlock_rows *rows)
{
	u32 index = rows->nr++;

	return rows->counting ? NULL : crlock_row(rows, index);
}
