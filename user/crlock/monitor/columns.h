/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of `crlock monitor`, and the names of events.
 */
#ifndef CRLOCK_MONITOR_COLUMNS_H
#define CRLOCK_MONITOR_COLUMNS_H

#include <crlock.h>

#include "crlock/cell.h"

/* An event, with what was found out about it. */
struct told_event {
	const struct crlock_event *row;
	const char *path; /* NULL: unknown */
};

struct event_column {
	const char *name;
	const char *key; /* of JSON */
	int width; /* at least; negative: to the left */
	const char *help;
	void (*fill)(struct cell *cell, const struct told_event *event);
};

extern const struct event_column event_columns[];
extern const size_t nr_event_columns;

/* Columns that were chosen, in that order; one may come twice. */
struct event_choice {
	const struct event_column *columns[64];
	size_t nr;
};

/** event_choose - As columns_choose(). */
int event_choose(struct event_choice *choice, const char *names);

/** event_choose_default - Chooses the columns that lines of text have, or those of JSON: all. */
void event_choose_default(struct event_choice *choice, bool json);

/** event_wants_path - Whether the path is to be found. */
bool event_wants_path(const struct event_choice *choice);

/** event_parse - The event of a name, in either case; -1: there is none of that name. */
int event_parse(const char *name);

/** event_fill_time - Fills in a time, in nanoseconds since the epoch. */
void event_fill_time(struct cell *cell, int64_t time_ns);

#endif
