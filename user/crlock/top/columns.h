/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of `crlock top`, and the orders that rows can be put in.
 */
#ifndef CRLOCK_TOP_COLUMNS_H
#define CRLOCK_TOP_COLUMNS_H

#include "crlock/top/rows.h"
#include "locks/buffer.h"

struct top_order {
	const char *name;
	int key; /* on the screen */
	int (*compare)(const struct top_row *a, const struct top_row *b); /* as qsort(3) */
};

extern const struct top_order top_orders[];
extern const size_t nr_top_orders;

/** order_of_name - The order of a name; NULL: there is none of that name. */
const struct top_order *order_of_name(const char *name);

/** order_of_key - The order of a key; NULL: there is none. */
const struct top_order *order_of_key(int key);

/** order_wants_names - Whether paths decide it: rows are to be named first. */
bool order_wants_names(const struct top_order *order);

/**
 * order_sort - Sorts rows; those that an order has as equal by waiters, then by the oldest wait, churn, and place.
 * @reverse: the other way round
 */
void order_sort(struct top_row **rows, size_t nr, const struct top_order *order, bool reverse);

/** columns_heading - Adds a line of names. @width: of the screen; 0: nothing is cut. */
void columns_heading(struct lock_buffer *line, size_t width);

/** columns_row - Adds a line of a row. @now: by CLOCK_MONOTONIC. */
void columns_row(struct lock_buffer *line, const struct top_row *row, int64_t now, size_t width);

/** columns_match - Whether a row's kind, lock, holders or path have a text in them, in either case. */
bool columns_match(const struct top_row *row, const char *text);

#endif
