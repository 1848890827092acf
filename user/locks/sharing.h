/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether processes outside of a tree that is dumped have a lock too.
 */
#ifndef LOCKS_SHARING_H
#define LOCKS_SHARING_H

#include "locks/buffer.h"
#include "locks/lock.h"

/* As in images. */
enum lock_shared {
	LOCK_SHARED_UNKNOWN, /* nobody outside was found, but not all could be looked at */
	LOCK_SHARED_NO,
	LOCK_SHARED_OUTSIDE,
	LOCK_SHARED_MAX = LOCK_SHARED_OUTSIDE,
};

/* A description can have very many holders, and of each of its locks they are told. */
#define LOCK_OUTSIDERS_MAX 16

struct lock_sharing {
	enum lock_shared shared;
	struct lock_holder *outsiders; /* none but of LOCK_SHARED_OUTSIDE */
	size_t nr;
	uint64_t left_out; /* how many more there were */
};

/** lock_sharing_add - Adds who has a lock outside; of its name, which may be NULL, a copy. Returns: 0 or -ENOMEM. */
int lock_sharing_add(struct lock_sharing *sharing, const struct crlock_holder *row, const char *comm);

/** lock_sharing_free - Frees it; NULL is allowed. */
void lock_sharing_free(struct lock_sharing *sharing);

/**
 * lock_format_outsider - Adds who has a lock outside, for messages: "process 812 (sh), as its descriptor 3";
 * "process 812 (sh), by a mapping at 7f0c12345000"; "a message in flight to socket:[4711]"; "a process of another
 * pid namespace".
 */
void lock_format_outsider(struct lock_buffer *buffer, const struct lock_holder *outsider);

/** lock_format_left_out - The same for those that are not told one by one: "3 more". */
void lock_format_left_out(struct lock_buffer *buffer, const struct lock_sharing *sharing);

#endif
