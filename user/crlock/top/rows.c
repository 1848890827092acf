// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/top/rows.h"
#include "locks/list.h"

/* So many places where no lock was held when it was looked; of more the events count, but have no row. */
#define UNHELD_MAX 8192

static struct top_row *find(struct rows *rows, const struct top_place *place)
{
	struct table_item *item = table_first(&rows->table, place_hash(place, 0));

	for (; item; item = item->next) {
		struct top_row *row = (struct top_row *)item;

		if (place_is(&row->place, place))
			return row;
	}
	return NULL;
}

static struct top_row *add(struct rows *rows, const struct top_place *place)
{
	struct top_row *row = calloc(1, sizeof(*row));

	if (!row)
		return NULL;
	row->item.hash = place_hash(place, 0);
	row->place = *place;
	if (!table_add(&rows->table, &row->item))
		return row;
	free(row);
	return NULL;
}

/* Events ------------------------------------------------------------------------------------------- */

static bool is_churn(const struct crlock_event *event)
{
	return event->event == CRLOCK_EVENT_SET || event->event == CRLOCK_EVENT_GRANTED ||
	       event->event == CRLOCK_EVENT_REFUSED || event->event == CRLOCK_EVENT_ASKED;
}

void rows_take(struct rows *rows, const struct crlock_event *event, int64_t since)
{
	struct top_place place = place_of_event(event);
	struct top_row *row;

	waits_take(&rows->waits, event, since);
	if (!is_churn(event))
		return;
	rows->nr_events++;
	row = find(rows, &place);
	if (!row && rows->table.nr < rows->nr_locks + UNHELD_MAX)
		row = add(rows, &place);
	if (!row)
		return;
	row->nr_events++;
	row->event = *event;
}

/* Readings ----------------------------------------------------------------------------------------- */

static void begin(struct top_row *row, double seconds)
{
	row->lock = NULL;
	row->nr_locks = 0;
	row->nr_waiters = 0;
	row->unseen_waiters = false;
	row->looked_for = false;
	row->churn = seconds > 0 ? row->nr_events / seconds : -1;
	row->nr_events = 0;
}

static int take_waiters(struct rows *rows, struct top_row *row, struct lock *lock, int64_t now)
{
	for (size_t i = 0; i < lock->nr_waiters; i++) {
		const struct top_wait *wait = waits_see(&rows->waits, lock, &lock->waiters[i], now);

		if (!wait)
			return -ENOMEM;
		row->nr_waiters++;
		if (row->nr_waiters > 1 && wait->since >= row->since)
			continue;
		row->since = wait->since;
		row->how = wait->how;
		row->lock = lock;
	}
	return 0;
}

static int take_lock(struct rows *rows, struct lock *lock, int64_t now, double seconds)
{
	struct top_place place = place_of_lock(lock);
	struct top_row *row = find(rows, &place);

	if (!row) {
		row = add(rows, &place);
		if (!row)
			return -ENOMEM;
		begin(row, seconds);
	}
	row->lock = row->lock ?: lock;
	row->nr_locks++;
	row->unseen_waiters |= !lock->nr_waiters && lock->row.state & CRLOCK_LOCK_WAITERS;
	rows->nr_waiters += lock->nr_waiters;
	return take_waiters(rows, row, lock, now);
}

static bool keep(struct table_item *item)
{
	struct top_row *row = (struct top_row *)item;

	if (row->nr_locks || row->churn > 0)
		return true;
	free(row->path);
	return false;
}

int rows_update(struct rows *rows, struct lock_list *list, int64_t began, double seconds)
{
	int err = 0;

	for (size_t i = 0; i < rows->table.nr; i++)
		begin((struct top_row *)rows->table.items[i], seconds);
	rows->churn = seconds > 0 ? rows->nr_events / seconds : -1;
	rows->nr_events = 0;
	rows->nr_locks = list->nr;
	rows->nr_waiters = 0;
	for (size_t i = 0; !err && i < list->nr; i++)
		err = take_lock(rows, &list->locks[i], began, seconds);
	return err ?: waits_sweep(&rows->waits, began) ?: table_keep(&rows->table, keep);
}

/* Names -------------------------------------------------------------------------------------------- */

/* The locks of rows, as they are, for the time of one call: what is added to them is theirs. */
static int read_names(struct top_row **rows, size_t nr)
{
	struct lock_list some = { .locks = calloc(nr + 1, sizeof(*some.locks)) };
	int err;

	if (!some.locks)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		if (rows[i]->lock && !rows[i]->looked_for)
			some.locks[some.nr++] = *rows[i]->lock;
	}
	err = lock_read_details(&some, LOCK_DETAIL_COMM | LOCK_DETAIL_PATH);
	some.nr = 0;
	for (size_t i = 0; i < nr; i++) {
		if (rows[i]->lock && !rows[i]->looked_for)
			*rows[i]->lock = some.locks[some.nr++];
	}
	free(some.locks);
	return err;
}

/* A path that was found once stays; where no lock is held, who had one just now may have the file open. */
static int set_path(struct top_row *row, struct paths *paths)
{
	const char *path = row->lock ? row->lock->path : NULL;

	if (row->looked_for || row->path)
		return 0;
	if (!path && paths && !row->searched && row->event.ino) {
		row->searched = true;
		path = paths_get(paths, &row->event);
	}
	if (!path)
		return 0;
	row->path = strdup(path);
	return row->path ? 0 : -ENOMEM;
}

int rows_name(struct top_row **rows, size_t nr, struct paths *paths)
{
	int err = read_names(rows, nr);

	for (size_t i = 0; !err && i < nr; i++) {
		err = set_path(rows[i], paths);
		rows[i]->looked_for = true;
	}
	return err;
}

void rows_free(struct rows *rows)
{
	for (size_t i = 0; i < rows->table.nr; i++)
		free(((struct top_row *)rows->table.items[i])->path);
	table_free(&rows->table);
	waits_free(&rows->waits);
	*rows = (struct rows){ 0 };
}
