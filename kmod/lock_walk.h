/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk over all locks of an inode: flocks, then POSIX and OFD locks, then leases. It is under the
 * inode's flc_lock, and can be gone on with in another go. It is inline, as the walk over descriptors is.
 */
#ifndef CRLOCK_LOCK_WALK_H
#define CRLOCK_LOCK_WALK_H

#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/list.h>

enum crlock_list {
	CRLOCK_LIST_FLOCK,
	CRLOCK_LIST_POSIX,
	CRLOCK_LIST_LEASE,
};

/**
 * struct crlock_lock_walk - A walk, while flc_lock is held.
 * @context: of the inode
 * @list: that it is on
 * @head: of that list
 * @next: the next lock, or @head
 * @rank: its place on the list, from 0
 */
struct crlock_lock_walk {
	struct file_lock_context *context;
	enum crlock_list list;
	const struct list_head *head;
	const struct list_head *next;
	u32 rank;
};

/**
 * struct crlock_lock_place - Up to where locks were passed over, to be found again in another go.
 * @list: that the last one was on
 * @rank: how many of that list
 * @sum: of what they were, and in which order
 */
struct crlock_lock_place {
	enum crlock_list list;
	u32 rank;
	u64 sum;
};

static __always_inline const struct list_head *crlock_list_of(const struct file_lock_context *context,
							      enum crlock_list list)
{
	switch (list) {
	case CRLOCK_LIST_FLOCK:
		return &context->flc_flock;
	case CRLOCK_LIST_POSIX:
		return &context->flc_posix;
	case CRLOCK_LIST_LEASE:
		break;
	}
	return &context->flc_lease;
}

/** crlock_lock_walk_list - Goes to the beginning of a list. */
static __always_inline void crlock_lock_walk_list(struct crlock_lock_walk *walk, enum crlock_list list)
{
	walk->list = list;
	walk->head = crlock_list_of(walk->context, list);
	walk->next = walk->head->next;
	walk->rank = 0;
}

/** crlock_lock_walk_on - Passes over a lock. Return: the lock, NULL at the end of all lists. */
static __always_inline struct file_lock_core *crlock_lock_walk_on(struct crlock_lock_walk *walk)
{
	const struct list_head *entry;

	while (walk->next == walk->head) {
		if (walk->list == CRLOCK_LIST_LEASE)
			return NULL;
		crlock_lock_walk_list(walk, walk->list + 1);
	}
	entry = walk->next;
	walk->next = entry->next;
	walk->rank++;
	return list_entry(entry, struct file_lock_core, flc_list);
}

/** crlock_lock_sum - What a lock adds to the sum of those before it on its list. */
static inline u64 crlock_lock_sum(u64 sum, struct file_lock_core *core)
{
	sum = (sum ^ (unsigned long)core) * GOLDEN_RATIO_64;
	sum = (sum ^ core->flc_type ^ rol64(sum, 32)) * GOLDEN_RATIO_64;
	if (!(core->flc_flags & FL_POSIX))
		return sum;
	sum = (sum ^ (u64)file_lock_of(core)->fl_start ^ rol64(sum, 32)) * GOLDEN_RATIO_64;
	return (sum ^ (u64)file_lock_of(core)->fl_end ^ rol64(sum, 32)) * GOLDEN_RATIO_64;
}

/** crlock_lock_place_move - Moves a place to behind the lock that was passed over last. */
static inline void crlock_lock_place_move(struct crlock_lock_place *place,
					  const struct crlock_lock_walk *walk, struct file_lock_core *core)
{
	if (walk->rank == 1) {
		place->list = walk->list;
		place->sum = 0;
	}
	place->rank = walk->rank;
	place->sum = crlock_lock_sum(place->sum, core);
}

/**
 * crlock_lock_walk_to - Passes over all locks up to a place.
 * @walk: the walk
 * @place: the place
 *
 * Return: whether there are the same ones on that list as when the place was noted.
 */
static inline bool crlock_lock_walk_to(struct crlock_lock_walk *walk, const struct crlock_lock_place *place)
{
	u64 sum = 0;

	crlock_lock_walk_list(walk, place->list);
	while (walk->rank < place->rank && walk->next != walk->head)
		sum = crlock_lock_sum(sum, crlock_lock_walk_on(walk));
	return walk->rank == place->rank && sum == place->sum;
}

#endif
