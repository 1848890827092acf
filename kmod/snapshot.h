/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_SNAPSHOT_H
#define CRLOCK_SNAPSHOT_H

#include <linux/crlock.h>

#include "budget.h"
#include "filter.h"
#include "ptrmap.h"
#include "rows.h"

struct file;
struct pid_namespace;

/* The end of a chain of rows. */
#define CRLOCK_NO_ROW U32_MAX

/**
 * struct crlock_description - An open file description that has locks.
 * @file: names it; it may be gone, and is never followed
 * @inode: the same, of its inode
 * @first_holder: chain of &struct crlock_holder_row
 * @last_holder: its end
 * @first_lock: chain of &struct crlock_lock_row
 * @last_lock: its end
 * @nr_holders: length of the first chain
 * @wanted: a process that the filter names holds it
 */
struct crlock_description {
	const struct file *file;
	const struct inode *inode;
	u32 first_holder;
	u32 last_holder;
	u32 first_lock;
	u32 last_lock;
	u32 nr_holders;
	bool wanted;
};

/* In snapshots, ids are addresses: they are hashed on their way out. */
struct crlock_lock_row {
	struct crlock_lock lock;
	u32 next;
};

struct crlock_holder_row {
	struct crlock_holder holder;
	u32 next;
};

/**
 * struct crlock_inode_row - An inode that was looked at.
 * @ino: tells, with @generation, another inode that came to its address
 * @generation: see @ino
 * @nr_locks: how many locks were copied
 */
struct crlock_inode_row {
	u64 ino;
	u32 generation;
	u32 nr_locks;
};

/**
 * struct crlock_snapshot - Locks with their holders.
 * @budget: memory of all the rest
 * @filter: which locks are wanted
 * @pid_ns: the reader's, in which process ids are told; borrowed
 * @inodes: &struct crlock_inode_row
 * @inode_map: index in @inodes, by inode
 * @descriptions: &struct crlock_description
 * @description_map: index in @descriptions, by file
 * @locks: &struct crlock_lock_row
 * @holders: &struct crlock_holder_row
 * @lacking: locks for which there was no room when crlock_snapshot_note() gave -ENOSPC
 * @counting: the budget did not do; how much is needed is being found out
 */
struct crlock_snapshot {
	struct crlock_budget budget;
	const struct crlock_filter *filter;
	struct pid_namespace *pid_ns;
	struct crlock_rows inodes;
	struct crlock_ptrmap inode_map;
	struct crlock_rows descriptions;
	struct crlock_ptrmap description_map;
	struct crlock_rows locks;
	struct crlock_rows holders;
	u32 lacking;
	bool counting;
};

int crlock_snapshot_init(struct crlock_snapshot *snapshot, const struct crlock_filter *filter,
			 struct pid_namespace *pid_ns);
void crlock_snapshot_free(struct crlock_snapshot *snapshot);
int crlock_snapshot_room(struct crlock_snapshot *snapshot);
bool crlock_snapshot_has_room(const struct crlock_snapshot *snapshot, u32 nr_locks);
u64 crlock_snapshot_bytes(const struct crlock_snapshot *snapshot);
int crlock_snapshot_note(struct crlock_snapshot *snapshot, struct file *file,
			 const struct crlock_holder *holder, pid_t holder_tgid);
struct crlock_lock *crlock_snapshot_add_lock(struct crlock_snapshot *snapshot,
					     const struct inode *inode, const struct file *file);

#endif
