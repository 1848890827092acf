/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is contended for: bytes of a file, by locks of one kind.
 */
#ifndef CRLOCK_TOP_PLACE_H
#define CRLOCK_TOP_PLACE_H

#include <crlock.h>

#include "locks/lock.h"

struct top_place {
	uint64_t ino;
	int64_t start, end; /* as in struct crlock_lock */
	uint32_t dev_major, dev_minor; /* of the superblock */
	uint8_t kind; /* enum crlock_kind */
};

/** place_of_lock - Where a lock is. */
struct top_place place_of_lock(const struct lock *lock);

/** place_of_waiter - What a request that waits for a lock asks for; an open, the lease itself. */
struct top_place place_of_waiter(const struct lock *lock, const struct lock_waiter *waiter);

/** place_of_event - What an event is about. */
struct top_place place_of_event(const struct crlock_event *event);

/** place_is - Whether two are the same. */
bool place_is(const struct top_place *a, const struct top_place *b);

/** place_hash - A number for a place and, perhaps, a process: mostly another one for another. Never 0. */
uint64_t place_hash(const struct top_place *place, pid_t pid);

#endif
