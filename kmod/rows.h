/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_ROWS_H
#define CRLOCK_ROWS_H

#include <linux/reciprocal_div.h>
#include <linux/types.h>

struct crlock_budget;

/**
 * struct crlock_rows - An array that grows without moving, in chunks.
 * @budget: whose memory it is
 * @chunks: pointers to the chunks
 * @max_chunks: how many pointers there is memory for
 * @size: of a row, bytes
 * @per_chunk: rows in a chunk
 * @inverse: of @per_chunk, for a row is looked up more often than divisions are cheap
 * @nr: rows in use
 * @room: rows for which memory is there, or would be
 * @counting: rows are counted and not kept
 */
struct crlock_rows {
	struct crlock_budget *budget;
	void **chunks;
	u32 max_chunks;
	u32 size;
	u32 per_chunk;
	struct reciprocal_value inverse;
	u32 nr;
	u32 room;
	bool counting;
};

void crlock_rows_init(struct crlock_rows *rows, struct crlock_budget *budget, u32 size);
void crlock_rows_free(struct crlock_rows *rows);
int crlock_rows_reserve(struct crlock_rows *rows, u32 nr);
void crlock_rows_count(struct crlock_rows *rows);

/** crlock_rows_fit - Whether there is room for so many more. */
static inline bool crlock_rows_fit(const struct crlock_rows *rows, u32 nr)
{
	return rows->room - rows->nr >= nr;
}

/** crlock_row - The row at an index less than nr; not if rows are only counted. */
static inline void *crlock_row(const struct crlock_rows *rows, u32 index)
{
	u32 chunk = reciprocal_divide(index, rows->inverse);

	return rows->chunks[chunk] + (index - chunk * rows->per_chunk) * rows->size;
}

/**
 * crlock_rows_add - Appends a row, for which crlock_rows_fit().
 * @rows: the array
 *
 * Return: the row, to be filled in whole, for it is memory as it was found; NULL if rows are only counted.
 */
static inline void *crlock_rows_add(struct crlock_rows *rows)
{
	u32 index = rows->nr++;

	return rows->counting ? NULL : crlock_row(rows, index);
}

#endif
