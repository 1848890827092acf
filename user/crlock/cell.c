// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "crlock/cell.h"

void cell_clear(struct cell *cell)
{
	lock_buffer_clear(&cell->text);
	json_decref(cell->json);
	cell->json = NULL;
}

void cell_free(struct cell *cell)
{
	cell_clear(cell);
	lock_buffer_free(&cell->text);
}

void cell_unknown(struct cell *cell)
{
	if (!cell->is_json)
		lock_buffer_add(&cell->text, "?");
}

json_t *cell_json_string(const char *string)
{
	struct lock_buffer text = { 0 };
	json_t *json;

	if (!string)
		return json_null();
	json = json_string(string);
	if (json)
		return json;
	lock_buffer_utf8(&text, string);
	json = json_string(lock_buffer_text(&text));
	lock_buffer_free(&text);
	return json;
}

void cell_string(struct cell *cell, const char *string)
{
	if (!string)
		cell_unknown(cell);
	else if (cell->is_json)
		cell->json = cell_json_string(string);
	else
		lock_buffer_printable(&cell->text, string);
}

void cell_word(struct cell *cell, const char *word)
{
	if (cell->is_json)
		cell->json = json_string(word);
	else
		lock_buffer_add(&cell->text, word);
}

void cell_signed(struct cell *cell, int64_t number)
{
	if (cell->is_json)
		cell->json = json_integer(number);
	else
		lock_buffer_number(&cell->text, number);
}

void cell_unsigned(struct cell *cell, uint64_t number)
{
	char digits[24];

	if (number <= INT64_MAX) {
		cell_signed(cell, number);
		return;
	}
	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	cell_word(cell, digits);
}

void cell_id(struct cell *cell, uint64_t id)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%016" PRIx64, id);
	cell_word(cell, digits);
}
