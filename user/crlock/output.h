/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_OUTPUT_H
#define CRLOCK_OUTPUT_H

#include "crlock/columns.h"
#include "locks/lock.h"

struct output {
	bool json;
	bool raw;
	bool no_headings;
	bool no_truncate;
	struct column_choice columns;
};

/**
 * output_lock_json - A lock as an object, with a member for each column.
 * @cell: of JSON; the caller frees it
 *
 * Returns: it, or NULL without memory.
 */
json_t *output_lock_json(const struct output *output, struct cell *cell, const struct lock *lock);

/** output_list - Prints locks on standard output. Returns: 0 or a negative errno value. */
int output_list(const struct output *output, const struct lock_list *list);

#endif
