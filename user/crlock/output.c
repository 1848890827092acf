// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "crlock/colour.h"
#include "crlock/output.h"

/* Table -------------------------------------------------------------------------------------------- */

static int add_columns(struct libscols_table *table, const struct output *output)
{
	for (size_t i = 0; i < output->columns.nr; i++) {
		const struct column *column = output->columns.columns[i];
		int flags = column->flags;

		if (output->no_truncate)
			flags &= ~SCOLS_FL_TRUNC;
		if (!scols_table_new_column(table, column->name, column->width, flags))
			return -ENOMEM;
	}
	return 0;
}

static int add_colour(struct libscols_line *line, size_t at, const struct column *column,
		      const struct lock *lock)
{
	const char *sequence = columns_colour(column, lock);

	return sequence ? scols_cell_set_color(scols_line_get_cell(line, at), sequence) : 0;
}

static int add_line(struct libscols_table *table, const struct output *output, struct cell *cell,
		    const struct lock *lock)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < output->columns.nr; i++) {
		cell_clear(cell);
		output->columns.columns[i]->fill(cell, lock);
		if (!cell->text.len)
			continue;
		if (cell->text.failed || scols_line_set_data(line, i, lock_buffer_text(&cell->text)) ||
		    add_colour(line, i, output->columns.columns[i], lock))
			return -ENOMEM;
	}
	return 0;
}

static int fill_table(struct libscols_table *table, const struct output *output, const struct lock_list *list)
{
	struct cell cell = { 0 };
	int err = add_columns(table, output);

	for (size_t i = 0; !err && i < list->nr; i++)
		err = add_line(table, output, &cell, &list->locks[i]);
	cell_free(&cell);
	return err;
}

static int print_table(const struct output *output, const struct lock_list *list)
{
	struct libscols_table *table = scols_new_table();
	int err;

	if (!table)
		return -ENOMEM;
	scols_table_enable_noheadings(table, output->no_headings);
	scols_table_enable_colors(table, colour_wanted());
	/* Cells are printable as they are. */
	scols_table_enable_noencoding(table, 1);
	err = fill_table(table, output, list);
	if (!err && scols_print_table(table))
		err = -ENOMEM;
	scols_unref_table(table);
	return err;
}

/* Raw ---------------------------------------------------------------------------------------------- */

/* One word, so that words can be counted on: blanks in it are escaped, and none is empty. */
static void print_word(const char *text)
{
	size_t len;

	if (!*text)
		fputc_unlocked('-', stdout);
	for (; *text; text += len) {
		len = strcspn(text, " ");
		fwrite_unlocked(text, 1, len, stdout);
		if (text[len] != ' ')
			continue;
		fputs_unlocked("\\x20", stdout);
		len++;
	}
}

static void print_raw_headings(const struct output *output)
{
	for (size_t i = 0; i < output->columns.nr; i++)
		printf("%s%s", i ? " " : "", output->columns.columns[i]->name);
	printf("\n");
}

/* libsmartcols could do this too, at several times the cost of reading the locks. */
static int print_raw(const struct output *output, const struct lock_list *list)
{
	struct cell cell = { 0 };
	bool failed;

	if (!output->no_headings)
		print_raw_headings(output);
	for (size_t i = 0; i < list->nr; i++) {
		for (size_t j = 0; j < output->columns.nr; j++) {
			if (j)
				fputc_unlocked(' ', stdout);
			cell_clear(&cell);
			output->columns.columns[j]->fill(&cell, &list->locks[i]);
			print_word(lock_buffer_text(&cell.text));
		}
		fputc_unlocked('\n', stdout);
	}
	failed = cell.text.failed;
	cell_free(&cell);
	return failed ? -ENOMEM : 0;
}

/* JSON --------------------------------------------------------------------------------------------- */

json_t *output_lock_json(const struct output *output, struct cell *cell, const struct lock *lock)
{
	json_t *json = json_object();

	for (size_t i = 0; json && i < output->columns.nr; i++) {
		const struct column *column = output->columns.columns[i];

		cell_clear(cell);
		column->fill(cell, lock);
		json_object_set(json, column->key, cell->json ?: json_null());
	}
	return json;
}

/* One lock a line, and never all in memory. */
static int print_json(const struct output *output, const struct lock_list *list)
{
	static const char *const sources[] = {
		[LOCK_SOURCE_KMOD] = "kmod",
		[LOCK_SOURCE_PROC] = "proc",
		[LOCK_SOURCE_IMAGE] = "image",
	};
	struct cell cell = { .is_json = true };
	int err = 0;

	printf("{\n  \"source\": \"%s\",\n  \"locks\": [", sources[list->source]);
	for (size_t i = 0; !err && i < list->nr; i++) {
		json_t *json = output_lock_json(output, &cell, &list->locks[i]);

		printf("%s\n    ", i ? "," : "");
		if (!json || json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII))
			err = ferror(stdout) ? -EIO : -ENOMEM;
		json_decref(json);
	}
	printf("%s]\n}\n", list->nr ? "\n  " : "");
	cell_free(&cell);
	return err;
}

int output_list(const struct output *output, const struct lock_list *list)
{
	if (output->json)
		return print_json(output, list);
	return output->raw ? print_raw(output, list) : print_table(output, list);
}
