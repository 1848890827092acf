/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reading of text against one of the module.
 */
#ifndef VERIFY_COMPARE_H
#define VERIFY_COMPARE_H

#include "crlock/verify/findings.h"
#include "crlock/verify/shown.h"
#include "crlock/verify/tasks.h"

/* Lines that are there and that should be, to be paired. */
struct pairing {
	struct entry **wanted, **got;
	size_t nr_wanted, nr_got;
	enum rule rules; /* the first of this kind of lines */
	struct place place;
	struct findings *findings;
	bool (*forgive)(const struct entry *got,
			const void *data); /* a line too many; may be NULL */
	const void *data;
};

/**
 * pair_all - Pairs lines, and notes how they differ, and those that are alone.
 *
 * The arrays are put in another order. What is equal is paired first. A request's line gets its task.
 *
 * Returns: whether all were equal.
 */
bool pair_all(struct pairing *pairing);

/** compare_locks - Lines of held locks in /proc/locks. */
void compare_locks(struct findings *findings, const struct lock_list *list, struct shown *shown);

/** compare_fdinfo - Lines of all descriptors. */
void compare_fdinfo(struct findings *findings, const struct lock_list *list, struct shown *shown);

/** compare_waiters - Lines of requests. */
void compare_waiters(struct findings *findings, const struct lock_list *list, struct shown *shown,
		     struct tasks *tasks);

/** add_limits - Notes what the format does not tell of what is there. */
void add_limits(struct findings *findings, const struct lock_list *list, struct shown *shown,
		struct tasks *tasks, uint64_t counts[NR_RULES]);

#endif
