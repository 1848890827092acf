// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "crlock/top/waits.h"

/* Of more that wait between two looks no event is remembered. */
#define WAITS_MAX 65536

static struct top_wait *find(struct waits *waits, const struct top_place *place, pid_t pid)
{
	struct table_item *item = table_first(&waits->table, place_hash(place, pid));

	for (; item; item = item->next) {
		struct top_wait *wait = (struct top_wait *)item;

		if (wait->pid == pid && place_is(&wait->place, place))
			return wait;
	}
	return NULL;
}

static struct top_wait *add(struct waits *waits, const struct top_place *place, pid_t pid)
{
	struct top_wait *wait = calloc(1, sizeof(*wait));

	if (!wait)
		return NULL;
	wait->item.hash = place_hash(place, pid);
	wait->place = *place;
	wait->pid = pid;
	/* Until it is known. */
	wait->ended = true;
	if (!table_add(&waits->table, &wait->item))
		return wait;
	free(wait);
	return NULL;
}

static void begin(struct waits *waits, const struct crlock_event *event, const struct top_place *place,
		  int64_t since)
{
	struct top_wait *wait = find(waits, place, event->pid);
	bool opens = event->flags & CRLOCK_EVENT_OPEN;

	if (!wait && waits->table.nr < WAITS_MAX)
		wait = add(waits, place, event->pid);
	/*
	 * Of several threads that wait for the same, the oldest counts; one that asks again does not wait any more. But
	 * an open that waits for a lease to be downgraded is woken by the kernel, and waits anew, each tick: of one
	 * that waited before, the first time that is listened to is no beginning.
	 */
	if (!wait || (!wait->ended && (opens || (wait->tid && wait->tid != event->by_tid))))
		return;
	wait->tid = event->by_tid;
	wait->since = since;
	wait->how = opens && !waits->looked ? WAIT_AT_LEAST : WAIT_EXACT;
	wait->ended = false;
}

static void end(struct waits *waits, const struct crlock_event *event, const struct top_place *place)
{
	struct top_wait *wait = find(waits, place, event->pid);

	if (wait && (!wait->tid || wait->tid == event->by_tid))
		wait->ended = true;
}

void waits_take(struct waits *waits, const struct crlock_event *event, int64_t since)
{
	struct top_place place = place_of_event(event);

	switch (event->event) {
	case CRLOCK_EVENT_BLOCKED:
		begin(waits, event, &place, since);
		break;
	case CRLOCK_EVENT_GRANTED:
	case CRLOCK_EVENT_UNBLOCKED:
	case CRLOCK_EVENT_CANCELLED:
		end(waits, event, &place);
		break;
	}
}

const struct top_wait *waits_see(struct waits *waits, const struct lock *lock,
				 const struct lock_waiter *waiter, int64_t now)
{
	struct top_place place = place_of_waiter(lock, waiter);
	struct top_wait *wait = find(waits, &place, waiter->pid) ?: add(waits, &place, waiter->pid);

	if (!wait)
		return NULL;
	if (wait->ended) {
		wait->tid = 0;
		wait->since = now;
		wait->how = WAIT_AT_LEAST;
		wait->ended = false;
	}
	wait->seen = true;
	return wait;
}

static bool keep(struct table_item *item)
{
	return !((struct top_wait *)item)->ended;
}

int waits_sweep(struct waits *waits, int64_t began)
{
	waits->looked = true;
	for (size_t i = 0; i < waits->table.nr; i++) {
		struct top_wait *wait = (struct top_wait *)waits->table.items[i];

		wait->ended |= !wait->seen && wait->since < began;
		wait->seen = false;
	}
	return table_keep(&waits->table, keep);
}

void waits_lose(struct waits *waits)
{
	for (size_t i = 0; i < waits->table.nr; i++) {
		struct top_wait *wait = (struct top_wait *)waits->table.items[i];

		wait->how = WAIT_UNSURE;
	}
}

void waits_free(struct waits *waits)
{
	table_free(&waits->table);
}
