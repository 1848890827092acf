/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_ROWS_H
#define CRLOCK_ROWS_H

#include <linux/types.h>

struct crlock_budget;

/**
 * struct crlock_rows - An array that grows without moving, in chunks.
 * @budget: whose memory it is
 * @chunks: as many pointers as a snapshot of the whole budget would need
 * @size: of a row, bytes
 * @nr: rows in use
 * @room: rows for which memory is there
 * @counting: rows are counted and not kept
 */
struct crlock_rows {
	struct crlock_budget *budget;
	void **chunks;
	u32 size;
	u32 nr;
	u32 room;
	bool counting;
};

int crlock_rows_init(struct crlock_rows *rows, struct crlock_budget *budget, u32 size);
void crlock_rows_free(struct crlock_rows *rows);
int crlock_rows_reserve(struct crlock_rows *rows, u32 nr);
void crlock_rows_count(struct crlock_rows *rows);
u64 crlock_rows_bytes(const struct crlock_rows *rows);
void *crlock_row(const struct crlock_rows *rows, u32 index);

static inline bool crlock_rows_fit(const struct crlock_rows *rows, u32 nr)
{
	return rows->counting || rows->room - rows->nr >= nr;
}

void *crlock_rows_add(struct crlock_rows *rows);

#endif
