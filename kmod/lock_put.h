/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_LOCK_PUT_H
#define CRLOCK_LOCK_PUT_H

#include <linux/types.h>

struct crlock_snapshot;
struct sk_buff;

/**
 * struct crlock_last_id - An id that was made last, for neighbours mostly have the same mount, or table of
 *	descriptors.
 * @object: of what
 * @id: its id
 */
struct crlock_last_id {
	u64 object;
	u64 id;
};

/**
 * struct crlock_lock_put - How far a snapshot has been told.
 * @description: index of the one that is being told
 * @next_holder: row of the one that is to be told next
 * @next_lock: row of the one that is to be told next
 * @begun: the rows above are of @description
 * @addresses: the reader may know where files are mapped
 * @busy_queues: how many are to be told of yet
 * @busy_mappings: the same, of address spaces
 * @file: the description
 * @mount: of the description
 * @table: of the last holder
 * @owner: of the last lock
 */
struct crlock_lock_put {
	u32 description;
	u32 next_holder;
	u32 next_lock;
	bool begun;
	bool addresses;
	u32 busy_queues;
	u32 busy_mappings;
	struct crlock_last_id file;
	struct crlock_last_id mount;
	struct crlock_last_id table;
	struct crlock_last_id owner;
};

bool crlock_lock_put(struct crlock_lock_put *put, const struct crlock_snapshot *snapshot,
		     struct sk_buff *skb);

#endif
