/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the screen: places where locks are held or were taken just now, with who waits there.
 */
#ifndef CRLOCK_TOP_ROWS_H
#define CRLOCK_TOP_ROWS_H

#include "crlock/monitor/paths.h"
#include "crlock/top/waits.h"

struct top_row {
	struct table_item item;
	struct top_place place;
	struct lock *lock; /* held there, of several the one with the oldest wait; NULL: none is now */
	size_t nr_locks; /* that are held there */
	size_t nr_waiters;
	bool unseen_waiters; /* there are some, but who they are was not to be seen */
	int64_t since; /* the oldest wait, by CLOCK_MONOTONIC; if there are waiters */
	enum wait_how how;
	uint64_t nr_events; /* since the last reading */
	double churn; /* how often in a second a lock was taken there, or refused; negative: not known */
	struct crlock_event event; /* the last one */
	char *path; /* NULL: not known, or not looked for */
	bool looked_for; /* path, and names of processes, since the last reading */
	bool searched; /* path, by the event, which is costly: once is enough */
};

/* All zero: empty. */
struct rows {
	struct table table; /* of struct top_row */
	struct waits waits;
	size_t nr_locks, nr_waiters;
	uint64_t nr_events; /* since the last reading */
	double churn; /* of all; negative: not known */
};

/**
 * rows_take - Takes an event.
 * @since: when it happened, by CLOCK_MONOTONIC
 */
void rows_take(struct rows *rows, const struct crlock_event *event, int64_t since);

/**
 * rows_update - Takes what was read, and what has happened since the last reading.
 * @list: stays as it is, where it is, until the next time
 * @began: when its reading was begun, by CLOCK_MONOTONIC
 * @seconds: since the last reading; 0: there was none, or there are no events
 *
 * Returns: 0 or -ENOMEM.
 */
int rows_update(struct rows *rows, struct lock_list *list, int64_t began, double seconds);

/**
 * rows_name - Finds paths and names of processes for some rows, of which that is not done yet.
 * @paths: NULL: there are no events
 *
 * Returns: 0 or -ENOMEM.
 */
int rows_name(struct top_row **rows, size_t nr, struct paths *paths);

/** rows_free - Frees all of it. */
void rows_free(struct rows *rows);

#endif
