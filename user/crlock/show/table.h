/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table on standard output.
 */
#ifndef CRLOCK_SHOW_TABLE_H
#define CRLOCK_SHOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <libsmartcols/libsmartcols.h>

#include "locks/buffer.h"

struct table_column {
	const char *name;
	double width; /* as scols_table_new_column() takes it: a hint */
	int flags; /* SCOLS_FL_* */
};

struct table {
	struct libscols_table *table;
	struct libscols_line *line;
	size_t next; /* column */
	struct lock_buffer text, printable;
	bool failed; /* there was no memory */
};

/** table_begin - Begins one. */
void table_begin(struct table *table, const struct table_column *columns, size_t nr);

/** table_line - Begins a line. */
void table_line(struct table *table);

/** table_cell - The next cell, as printf(3) has it; what may come from strangers is made printable. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** table_text - What is for the next cell, to add to; table_take() puts it there. */
struct lock_buffer *table_text(struct table *table);

/** table_take - The next cell, of table_text(). */
void table_take(struct table *table);

/** table_end - Prints it, and frees it. Returns: 0 or -ENOMEM. */
int table_end(struct table *table);

#endif
