/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between locks that were read at different times or from different sources.
 */
#ifndef LOCKS_COMPARE_H
#define LOCKS_COMPARE_H

#include "locks/buffer.h"
#include "locks/lock.h"

/* What is compared beyond the file, the kind, the range and the held and target types, as bits. */
enum lock_field {
	LOCK_FIELD_PID = 1 << 0, /* the process that set it */
	LOCK_FIELD_HOLDERS = 1 << 1, /* who holds it: processes and their descriptors */
	LOCK_FIELD_DESCRIPTORS = 1 << 2, /* their descriptors alone, for other processes */
	LOCK_FIELD_DEADLINE = 1 << 3, /* pending changes of a lease, and the time left */
	LOCK_FIELD_NOTICE = 1 << 4, /* who hears of a lease break; the pid only with LOCK_FIELD_PID */
	LOCK_FIELD_WAITERS = 1 << 5, /* how many wait */
	LOCK_FIELD_GENERATION = 1 << 6,
	LOCK_FIELD_ID = 1 << 7,
	LOCK_FIELD_RANK = 1 << 8,
};

struct lock_comparison {
	const char *names[2]; /* of the two sides, as in "image" and "kernel" */
	uint32_t fields; /* bits of enum lock_field */
	int64_t slack_ms; /* by which deadlines may differ */
};

/**
 * lock_compare - Adds what differs between two locks, separated by commas.
 *
 * What one of the sources could not tell does not differ.
 *
 * Returns: how many things differ.
 */
unsigned int lock_compare(struct lock_buffer *buffer, const struct lock *a, const struct lock *b,
			  const struct lock_comparison *how);

/** lock_difference_fn - Gets one line that names a lock and says what differs. */
typedef void lock_difference_fn(const char *text, void *data);

/**
 * lock_list_compare - Pairs the locks of two lists, and tells what differs.
 * @nr: gets how many locks differ or have no counterpart; a pair counts once
 *
 * Locks are paired by file and kind: those that are equal first, then those with the same range, then
 * those whose ranges overlap.
 *
 * Returns: 0 or -ENOMEM.
 */
int lock_list_compare(const struct lock_list *a, const struct lock_list *b, const struct lock_comparison *how,
		      lock_difference_fn *fn, void *data, size_t *nr);

#endif
