/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of `crlock ls`.
 */
#ifndef CRLOCK_COLUMNS_H
#define CRLOCK_COLUMNS_H

#include "crlock/cell.h"
#include "locks/lock.h"

struct column {
	const char *name;
	const char *key; /* of JSON */
	double width; /* as scols_table_new_column() takes it: a hint */
	int flags; /* SCOLS_FL_* */
	uint32_t details; /* what has to be read for it: enum lock_detail */
	const char *help;
	void (*fill)(struct cell *cell, const struct lock *lock);
};

extern const struct column columns[];
extern const size_t nr_columns;

/* Columns that were chosen, in that order; one may come twice. */
struct column_choice {
	const struct column *columns[64];
	size_t nr;
};

/**
 * columns_choose - Reads a list of names, separated by commas; with a plus before it, in addition to
 * the default. Says what is wrong with it.
 *
 * Returns: the exit status.
 */
int columns_choose(struct column_choice *choice, const char *names);

/** columns_colour - What a lock's cell of a column is coloured with. Returns: the sequence, or NULL. */
const char *columns_colour(const struct column *column, const struct lock *lock);

/** columns_choose_default - Chooses those that are shown if nothing is said. */
void columns_choose_default(struct column_choice *choice);

/** columns_choose_all - Chooses all columns. */
void columns_choose_all(struct column_choice *choice);

/** holder_json - An element of the list of holders of JSON. */
json_t *holder_json(const struct lock *lock, const struct lock_holder *holder);

/** columns_details - What has to be read for the columns. */
uint32_t columns_details(const struct column_choice *choice);

#endif
