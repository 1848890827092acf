/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Since when requests wait. The kernel does not keep it: events tell, and of who waited before they were listened
 * to, or without the module, when it was seen first.
 */
#ifndef CRLOCK_TOP_WAITS_H
#define CRLOCK_TOP_WAITS_H

#include "crlock/top/place.h"
#include "crlock/top/table.h"

/* How well it is known. */
enum wait_how {
	WAIT_EXACT, /* an event told it */
	WAIT_AT_LEAST, /* it has waited for longer than that */
	WAIT_UNSURE, /* events were lost since: it may have had its lock, and wait anew */
};

struct top_wait {
	struct table_item item;
	struct top_place place; /* of the request */
	pid_t pid, tid; /* tid 0: unknown */
	int64_t since; /* nanoseconds of CLOCK_MONOTONIC */
	enum wait_how how;
	bool ended, seen;
};

/* All zero: empty. */
struct waits {
	struct table table;
	bool looked; /* at what waits, once */
};

/**
 * waits_take - Takes an event, of whatever kind.
 * @since: when it happened, by CLOCK_MONOTONIC
 */
void waits_take(struct waits *waits, const struct crlock_event *event, int64_t since);

/**
 * waits_see - Looks a request up that waits, and remembers it.
 * @now: by CLOCK_MONOTONIC
 *
 * Returns: it, good until waits_sweep(), or NULL without memory.
 */
const struct top_wait *waits_see(struct waits *waits, const struct lock *lock,
				 const struct lock_waiter *waiter, int64_t now);

/**
 * waits_sweep - Forgets requests that were not seen since the last time, though they are older.
 * @began: when it was begun to look, by CLOCK_MONOTONIC
 *
 * Returns: 0 or -ENOMEM.
 */
int waits_sweep(struct waits *waits, int64_t began);

/** waits_lose - Events were lost: nothing that is known is sure any more. */
void waits_lose(struct waits *waits);

/** waits_free - Frees all of it. */
void waits_free(struct waits *waits);

#endif
