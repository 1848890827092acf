/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_SNAPSHOT_H
#define CRLOCK_SNAPSHOT_H

#include <linux/crlock.h>

#include "budget.h"
#include "filter.h"
#include "keyed.h"
#include "rows.h"

struct file;
struct pid_namespace;

/* The end of a chain of rows. */
#define CRLOCK_NO_ROW U32_MAX

/**
 * struct crlock_description - An open file description that has locks.
 * @file: its key; it may be gone, and is never followed
 * @inode: the same, of its inode
 * @first_holder: chain of &struct crlock_holder
 * @last_holder: its end
 * @first_lock: chain of &struct crlock_lock
 * @last_lock: its end
 * @nr_holders: length of the first chain
 * @wanted: a process that the filter names holds it
 * @id: of the description, once the snapshot is finished
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
	u64 id;
};

/**
 * struct crlock_inode_row - An inode that was looked at.
 * @inode: its key; it may be gone, and is never followed
 * @ino: tells, with @generation, another inode that came to its address
 * @generation: see @ino
 * @nr_locks: how many locks were copied
 */
struct crlock_inode_row {
	const struct inode *inode;
	u64 ino;
	u32 generation;
	u32 nr_locks;
};

/**
 * struct crlock_snapshot - Locks with their holders.
 *
 * The file_id of a lock or holder, which its description tells too, is the index of the next row of the
 * chain; other ids are addresses. crlock_snapshot_finish() makes them what they are to be for the reader,
 * but for file_id.
 *
 * @budget: memory of all the rest
 * @filter: which locks are wanted
 * @pid_ns: the reader's, in which process ids are told; borrowed
 * @inodes: &struct crlock_inode_row
 * @descriptions: &struct crlock_description
 * @locks: &struct crlock_lock
 * @holders: &struct crlock_holder
 * @last: the description that was asked for last, or NULL
 * @lacking: locks for which there was no room when crlock_snapshot_note() gave -ENOSPC
 * @counting: the budget did not do; how much is needed is being found out
 */
struct crlock_snapshot {
	struct crlock_budget budget;
	const struct crlock_filter *filter;
	struct pid_namespace *pid_ns;
	struct crlock_keyed inodes;
	struct crlock_keyed descriptions;
	struct crlock_rows locks;
	struct crlock_rows holders;
	struct crlock_description *last;
	u32 lacking;
	bool counting;
};

void crlock_snapshot_init(struct crlock_snapshot *snapshot, const struct crlock_filter *filter,
			  struct pid_namespace *pid_ns);
void crlock_snapshot_free(struct crlock_snapshot *snapshot);
int crlock_snapshot_room(struct crlock_snapshot *snapshot);
bool crlock_snapshot_has_room(const struct crlock_snapshot *snapshot, u32 nr_locks);
void crlock_snapshot_finish(struct crlock_snapshot *snapshot);
int crlock_snapshot_note(struct crlock_snapshot *snapshot, struct file *file,
			 const struct crlock_holder *holder, bool wanted);
struct crlock_lock *crlock_snapshot_add_lock(struct crlock_snapshot *snapshot,
					     const struct inode *inode, const struct file *file);

#endif
