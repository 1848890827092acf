// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/show/table.h"

void table_begin(struct table *table, const struct table_column *columns, size_t nr)
{
	*table = (struct table){ .table = scols_new_table() };
	table->failed = !table->table;
	/* Cells are printable as they are. */
	if (!table->failed)
		scols_table_enable_noencoding(table->table, 1);
	for (size_t i = 0; i < nr && !table->failed; i++)
		table->failed = !scols_table_new_column(table->table, columns[i].name, columns[i].width,
							columns[i].flags);
}

void table_line(struct table *table)
{
	if (table->failed)
		return;
	table->line = scols_table_new_line(table->table, NULL);
	table->next = 0;
	table->failed = !table->line;
}

struct lock_buffer *table_text(struct table *table)
{
	lock_buffer_clear(&table->text);
	return &table->text;
}

void table_take(struct table *table)
{
	size_t column = table->next++;

	lock_buffer_clear(&table->printable);
	lock_buffer_printable(&table->printable, lock_buffer_text(&table->text));
	table->failed |= table->text.failed || table->printable.failed;
	if (table->failed || !table->printable.len)
		return;
	table->failed = scols_line_set_data(table->line, column, lock_buffer_text(&table->printable));
}

void table_cell(struct table *table, const char *format, ...)
{
	struct lock_buffer *text = table_text(table);
	char *formatted;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&formatted, format, args);
	va_end(args);
	if (len < 0) {
		table->failed = true;
		return;
	}
	lock_buffer_add(text, formatted);
	free(formatted);
	table_take(table);
}

int table_end(struct table *table)
{
	if (!table->failed && scols_print_table(table->table))
		table->failed = true;
	scols_unref_table(table->table);
	lock_buffer_free(&table->text);
	lock_buffer_free(&table->printable);
	return table->failed ? -ENOMEM : 0;
}
