/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value of the output, which becomes text in a table or a value of JSON: a column is described once
 * for both.
 */
#ifndef CRLOCK_CELL_H
#define CRLOCK_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "locks/buffer.h"

struct cell {
	bool is_json;
	struct lock_buffer text; /* of a table: printable */
	json_t *json; /* NULL: null */
};

/** cell_clear - Empties a cell: an empty text, or null. */
void cell_clear(struct cell *cell);

/** cell_free - Frees what a cell owns. */
void cell_free(struct cell *cell);

/** cell_unknown - "?", or null. */
void cell_unknown(struct cell *cell);

/** cell_string - A string of strangers; NULL is unknown. */
void cell_string(struct cell *cell, const char *string);

/** cell_word - A string that is printable. */
void cell_word(struct cell *cell, const char *word);

/** cell_signed - A number. */
void cell_signed(struct cell *cell, int64_t number);

/** cell_unsigned - A number; a string of JSON if it is more than an int64_t. */
void cell_unsigned(struct cell *cell, uint64_t number);

/** cell_id - A 64-bit id: 16 hexadecimal digits, as a string of JSON too, where a number would be rounded. */
void cell_id(struct cell *cell, uint64_t id);

/** cell_json_string - A string of JSON; bytes that are not UTF-8 become \xHH. NULL: null. */
json_t *cell_json_string(const char *string);

#endif
