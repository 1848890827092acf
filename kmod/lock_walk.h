/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk over all locks of an inode: flocks, then POSIX and OFD locks, then leases. It is under the
 * inode's flc_lock, and can be gone on with in another go. It is inline, as the walk over descriptors is.
 */
#ifndef CRLOCK_LOCK_WALK_H
#define CRLOCK_LOCK_WALK_H

#include <linux/fs.h>
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
 * struct crlock_lock_place - A lock as it was, to be found again in another go; only to be compared.
 * @list: that it was on
 * @lock: address
 * @owner: what else it had
 * @file: the same
 * @start: the same, of ranges
 * @end: the same
 * @type: the same
 */
struct crlock_lock_place {
	enum crlock_list list;
	const void *lock;
	const void *owner;
	const void *file;
	s64 start;
	s64 end;
	u8 type;
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

/** crlock_lock_place_note - Remembers the lock that was passed over last. */
static inline void crlock_lock_place_note(struct crlock_lock_place *place,
					  const struct crlock_lock_walk *walk, struct file_lock_core *core)
{
	bool is_range = walk->list == CRLOCK_LIST_POSIX;

	*place = (struct crlock_lock_place){
		.list = walk->list,
		.lock = core,
		.owner = core->flc_owner,
		.file = core->flc_file,
		.start = is_range ? file_lock_of(core)->fl_start : 0,
		.end = is_range ? file_lock_of(core)->fl_end : 0,
		.type = core->flc_type,
	};
}

static inline bool crlock_lock_place_is(const struct crlock_lock_place *place, struct file_lock_core *core)
{
	if (core != place->lock || core->flc_owner != place->owner || core->flc_file != place->file ||
	    core->flc_type != place->type)
		return false;
	return place->list != CRLOCK_LIST_POSIX ||
	       (file_lock_of(core)->fl_start == place->start && file_lock_of(core)->fl_end == place->end);
}

/** crlock_lock_walk_to - Passes over a remembered lock. Return: whether it is there still, as it was. */
static inline bool crlock_lock_walk_to(struct crlock_lock_walk *walk, const struct crlock_lock_place *place)
{
	struct file_lock_core *core;

	crlock_lock_walk_list(walk, place->list);
	while (walk->next != walk->head) {
		core = crlock_lock_walk_on(walk);
		if (crlock_lock_place_is(place, core))
			return true;
	}
	return false;
}

#endif
