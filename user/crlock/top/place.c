// SPDX-License-Identifier: GPL-2.0-or-later
#include "crlock/top/place.h"

struct top_place place_of_lock(const struct lock *lock)
{
	return (struct top_place){
		.ino = lock->row.ino,
		.start = lock->row.start,
		.end = lock->row.end,
		.dev_major = lock->row.dev_major,
		.dev_minor = lock->row.dev_minor,
		.kind = lock->row.kind,
	};
}

struct top_place place_of_waiter(const struct lock *lock, const struct lock_waiter *waiter)
{
	struct top_place place = place_of_lock(lock);

	if (waiter->breaker)
		return place;
	place.kind = waiter->kind;
	place.start = waiter->start;
	place.end = waiter->end;
	return place;
}

struct top_place place_of_event(const struct crlock_event *event)
{
	return (struct top_place){
		.ino = event->ino,
		.start = event->start,
		.end = event->end,
		.dev_major = event->dev_major,
		.dev_minor = event->dev_minor,
		.kind = event->kind,
	};
}

bool place_is(const struct top_place *a, const struct top_place *b)
{
	return a->ino == b->ino && a->start == b->start && a->end == b->end && a->kind == b->kind &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
	hash = (hash ^ number) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

uint64_t place_hash(const struct top_place *place, pid_t pid)
{
	uint64_t hash = mix(pid, place->ino);

	hash = mix(hash, place->start);
	hash = mix(hash, place->end);
	hash = mix(hash, (uint64_t)place->dev_major << 32 | place->dev_minor);
	hash = mix(hash, place->kind);
	return hash ?: 1;
}
