// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/top/columns.h"
#include "crlock/top/fit.h"
#include "locks/format.h"

/* Orders ------------------------------------------------------------------------------------------- */

/* The largest first. */
#define LARGER_FIRST(a, b) (((a) < (b)) - ((a) > (b)))

static size_t nr_waiters(const struct top_row *row)
{
	return row->nr_waiters ?: row->unseen_waiters;
}

static int by_waiters(const struct top_row *a, const struct top_row *b)
{
	return LARGER_FIRST(nr_waiters(a), nr_waiters(b));
}

static int by_oldest(const struct top_row *a, const struct top_row *b)
{
	if (!a->nr_waiters || !b->nr_waiters)
		return by_waiters(a, b);
	return -LARGER_FIRST(a->since, b->since);
}

static int by_churn(const struct top_row *a, const struct top_row *b)
{
	return LARGER_FIRST(a->churn, b->churn);
}

static int by_locks(const struct top_row *a, const struct top_row *b)
{
	return LARGER_FIRST(a->nr_locks, b->nr_locks);
}

/* What has no path comes last. */
static int by_path(const struct top_row *a, const struct top_row *b)
{
	if (!a->path || !b->path)
		return LARGER_FIRST(!!a->path, !!b->path);
	return strcmp(a->path, b->path);
}

static int by_place(const struct top_row *a, const struct top_row *b)
{
	return -LARGER_FIRST(a->place.ino, b->place.ino) ?: -LARGER_FIRST(a->place.dev_minor, b->place.dev_minor) ?:
	       -LARGER_FIRST(a->place.dev_major, b->place.dev_major) ?: -LARGER_FIRST(a->place.kind, b->place.kind) ?:
	       -LARGER_FIRST(a->place.start, b->place.start) ?: -LARGER_FIRST(a->place.end, b->place.end);
}

const struct top_order top_orders[] = {
	{ "waiters", 'w', by_waiters }, { "oldest", 'o', by_oldest }, { "churn", 'c', by_churn },
	{ "locks", 'l', by_locks },	{ "path", 'p', by_path },
};

const size_t nr_top_orders = sizeof(top_orders) / sizeof(*top_orders);

const struct top_order *order_of_name(const char *name)
{
	for (size_t i = 0; i < nr_top_orders; i++) {
		if (!strcmp(top_orders[i].name, name))
			return &top_orders[i];
	}
	return NULL;
}

const struct top_order *order_of_key(int key)
{
	for (size_t i = 0; i < nr_top_orders; i++) {
		if (top_orders[i].key == key)
			return &top_orders[i];
	}
	return NULL;
}

bool order_wants_names(const struct top_order *order)
{
	return order->compare == by_path;
}

struct sorting {
	const struct top_order *order;
	bool reverse;
};

static int compare(const void *x, const void *y, void *data)
{
	const struct top_row *a = *(struct top_row *const *)x, *b = *(struct top_row *const *)y;
	const struct sorting *sorting = data;
	int first = sorting->order->compare(a, b);

	return (sorting->reverse ? -first : first) ?: by_waiters(a, b) ?: by_oldest(a, b) ?: by_churn(a, b) ?:
	       by_place(a, b);
}

void order_sort(struct top_row **rows, size_t nr, const struct top_order *order, bool reverse)
{
	struct sorting sorting = { order, reverse };

	qsort_r(rows, nr, sizeof(*rows), compare, &sorting);
}

/* Columns ------------------------------------------------------------------------------------------ */

/* A row as it is seen at a time of CLOCK_MONOTONIC. */
struct seen {
	const struct top_row *row;
	int64_t now;
};

static void fill_waiters(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;

	if (row->unseen_waiters && !row->nr_waiters)
		lock_buffer_add(text, "?");
	else if (row->nr_waiters)
		lock_buffer_number(text, row->nr_waiters);
}

static void fill_oldest(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;
	int64_t ms = (seen->now - row->since) / 1000000;

	if (!row->nr_waiters)
		return;
	if (row->how != WAIT_EXACT)
		lock_buffer_add(text, row->how == WAIT_AT_LEAST ? ">" : "~");
	lock_format_seconds(text, ms > 0 ? ms : 0);
}

static void fill_churn(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;

	if (row->churn < 0)
		lock_buffer_add(text, "?");
	else if (row->churn > 0)
		lock_buffer_format(text, "%.1f", row->churn);
}

static void fill_kind(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;

	lock_buffer_add(text, lock_kind_name(row->place.kind));
}

static bool has_range(const struct top_place *place)
{
	return place->kind == CRLOCK_KIND_POSIX || place->kind == CRLOCK_KIND_OFD;
}

static void fill_lock(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;

	if (row->lock)
		lock_format_state(text, row->lock);
	else
		lock_buffer_add(text, "-");
	if (has_range(&row->place)) {
		lock_buffer_format(text, " %" PRId64 "-", row->place.start);
		lock_format_offset(text, row->place.end);
	}
	if (row->nr_locks > 1)
		lock_buffer_format(text, " x%zu", row->nr_locks);
}

static void fill_holders(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;

	if (row->lock)
		lock_format_holders(text, row->lock, NULL);
}

static void fill_path(struct lock_buffer *text, const struct seen *seen)
{
	const struct top_row *row = seen->row;

	if (row->path)
		lock_buffer_printable(text, row->path);
	else
		lock_buffer_format(text, "%u:%u:%" PRIu64, row->place.dev_major, row->place.dev_minor,
				   row->place.ino);
}

struct top_column {
	const char *name;
	size_t width; /* on a screen of 80 columns */
	size_t most; /* on a wider one */
	unsigned int fit; /* bits of enum fit */
	bool matched; /* by what is looked for */
	void (*fill)(struct lock_buffer *text, const struct seen *seen);
};

/* clang-format off */
static const struct top_column columns_of_top[] = {
	{ "WAITERS", 7, 7, FIT_RIGHT, false, fill_waiters },
	{ "OLDEST", 7, 9, FIT_RIGHT, false, fill_oldest },
	{ "CHURN/S", 7, 9, FIT_RIGHT, false, fill_churn },
	{ "KIND", 5, 6, 0, true, fill_kind },
	{ "LOCK", 13, 30, 0, true, fill_lock },
	{ "HOLDERS", 15, 40, 0, true, fill_holders },
	{ "PATH", 0, 0, FIT_END, true, fill_path },
};
/* clang-format on */

#define NR_COLUMNS (sizeof(columns_of_top) / sizeof(*columns_of_top))

/* What a wider screen has more is shared by columns, up to what each can use; the path has the rest. */
static size_t width_of(const struct top_column *column, size_t width)
{
	size_t more = width > 80 ? (width - 80) / 4 : 0, room = column->most - column->width;

	return column->width + (more < room ? more : room);
}

static size_t width_of_path(size_t width)
{
	size_t others = 0;

	for (size_t i = 0; i + 1 < NR_COLUMNS; i++)
		others += width_of(&columns_of_top[i], width) + 1;
	return width > others ? width - others : 1;
}

/* Adds a cell for each column; without a row its name. */
static void add_line(struct lock_buffer *line, const struct seen *seen, size_t width)
{
	struct lock_buffer cell = { 0 };

	for (size_t i = 0; i < NR_COLUMNS; i++) {
		const struct top_column *column = &columns_of_top[i];
		bool last = i + 1 == NR_COLUMNS;
		size_t wide;

		lock_buffer_clear(&cell);
		if (seen)
			column->fill(&cell, seen);
		else
			lock_buffer_add(&cell, column->name);
		wide = last ? width_of_path(width) : width_of(column, width);
		fit_add(line, lock_buffer_text(&cell), wide, column->fit | (width ? 0 : FIT_WHOLE));
		if (!last)
			lock_buffer_add(line, " ");
	}
	line->failed |= cell.failed;
	lock_buffer_free(&cell);
}

void columns_heading(struct lock_buffer *line, size_t width)
{
	add_line(line, NULL, width);
}

void columns_row(struct lock_buffer *line, const struct top_row *row, int64_t now, size_t width)
{
	const struct seen seen = { row, now };

	add_line(line, &seen, width);
}

bool columns_match(const struct top_row *row, const char *text)
{
	const struct seen seen = { row, 0 };
	struct lock_buffer cell = { 0 };
	bool matches = !*text;

	for (size_t i = 0; !matches && i < NR_COLUMNS; i++) {
		if (!columns_of_top[i].matched)
			continue;
		lock_buffer_clear(&cell);
		columns_of_top[i].fill(&cell, &seen);
		matches = strcasestr(lock_buffer_text(&cell), text);
	}
	lock_buffer_free(&cell);
	return matches;
}
