/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events on standard output: a line each.
 */
#ifndef CRLOCK_MONITOR_PRINT_H
#define CRLOCK_MONITOR_PRINT_H

#include "crlock/monitor/columns.h"

struct event_output {
	bool json;
	bool no_headings;
	struct event_choice columns;
	struct cell cell;
};

/** print_start - Says that from now on events are told: the names of columns, or an object of JSON. */
void print_start(struct event_output *output);

/** print_event - Prints an event. */
void print_event(struct event_output *output, const struct told_event *event);

/** print_lost - Says that so many events are missing here. */
void print_lost(struct event_output *output, uint64_t nr);

#endif
