/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_SNAPSHOT_H
#define CRLOCK_SNAPSHOT_H

#include <linux/fs.h>

#include <linux/crlock.h>

#include "budget.h"
#include "filter.h"
#include "keyed.h"
#include "lock_row.h"
#include "lock_walk.h"
#include "rows.h"

struct pid_namespace;

/**
 * struct crlock_description - An open file description that has locks.
 * @file: its key; it may be gone, and is never followed
 * @inode: the same, of its inode
 * @mount: the same, of the mount that it was opened through
 * @inode_row: row of &struct crlock_inode_row
 * @first_holder: chain of &struct crlock_holder_row
 * @last_holder: its end
 * @first_lock: chain of &struct crlock_lock_row
 * @last_lock: its end
 * @nr_holders: length of the first chain
 * @setter: process that set the first lock, in the reader's pid namespace; or 0
 * @checked: the section in which a lock of it was last seen to be there still
 * @doublings: those of its inode when its locks were copied
 * @setters: others set others
 * @wanted: a process that the filter names holds it
 */
struct crlock_description {
	const struct file *file;
	const struct inode *inode;
	const void *mount;
	u32 inode_row;
	u32 first_holder;
	u32 last_holder;
	u32 first_lock;
	u32 last_lock;
	u32 nr_holders;
	s32 setter;
	u32 checked;
	u8 doublings;
	bool setters;
	bool wanted;
};

/**
 * struct crlock_inode_row - An inode that was looked at.
 * @inode: its key; it may be gone, and is never followed
 * @ino: tells, with @generation, another inode that came to its address
 * @dev: of its superblock
 * @generation: see @ino
 * @nr_locks: how many locks were copied
 * @checked: the section in which it was last looked which descriptions have locks
 * @begun: some were
 * @whole: all were
 * @doublings: of the size of batches; what was copied before the last one is as if it had not been
 */
struct crlock_inode_row {
	const struct inode *inode;
	u64 ino;
	dev_t dev;
	u32 generation;
	u32 nr_locks;
	u32 checked;
	bool begun;
	bool whole;
	u8 doublings;
};

/**
 * struct crlock_holder_row - A holder, as &struct crlock_holder but for ids.
 * @where: its table of descriptors, only to be compared; or address of the mapping; or the socket, then its
 *	inode number
 * @tgid: in the reader's pid namespace, as what follows
 * @tid: first thread with that table or address space
 * @fd: descriptor
 * @next: row of the next holder of its description
 * @kind: &enum crlock_holder_kind
 * @flags: CRLOCK_HOLDER_*
 */
struct crlock_holder_row {
	u64 where;
	s32 tgid;
	s32 tid;
	s32 fd;
	u32 next;
	u8 kind;
	u8 flags;
};

/**
 * struct crlock_snapshot - Locks with their holders.
 * @budget: memory of all the rest
 * @filter: which locks are wanted
 * @pid_ns: the reader's, in which process ids are told; borrowed
 * @inodes: &struct crlock_inode_row
 * @descriptions: &struct crlock_description
 * @locks: &struct crlock_lock_row
 * @leases: &struct crlock_lease_row
 * @holders: &struct crlock_holder_row
 * @last: the description that was asked for last, or NULL
 * @place: up to where the locks of an inode that has more were copied
 * @place_row: that inode's
 * @section: number of the time since the lock was taken that keeps what crlock_snapshot_note() is given
 * @work: locks copied since crlock_snapshot_room(), and what took as long
 * @check_doublings: how often what checks may take until then was doubled
 * @lacking: locks for which there was no room when crlock_snapshot_note() gave -ENOSPC
 * @lacking_leases: how many of these are leases
 * @counting: the budget did not do; how much is needed is being found out
 */
struct crlock_snapshot {
	struct crlock_budget budget;
	const struct crlock_filter *filter;
	struct pid_namespace *pid_ns;
	struct crlock_keyed inodes;
	struct crlock_keyed descriptions;
	struct crlock_rows locks;
	struct crlock_rows leases;
	struct crlock_rows holders;
	struct crlock_description *last;
	struct crlock_lock_place place;
	u32 place_row;
	u32 section;
	u32 work;
	u32 check_doublings;
	u32 lacking;
	u32 lacking_leases;
	bool counting;
};

void crlock_snapshot_init(struct crlock_snapshot *snapshot, const struct crlock_filter *filter,
			  struct pid_namespace *pid_ns);
void crlock_snapshot_free(struct crlock_snapshot *snapshot);
int crlock_snapshot_room(struct crlock_snapshot *snapshot);
int crlock_snapshot_note_locked(struct crlock_snapshot *snapshot, struct file *file,
				const struct crlock_holder_row *holder, bool wanted);
void crlock_snapshot_want(struct crlock_snapshot *snapshot, const struct file *file);

/** crlock_description_has_locks - Whether locks were copied that are its. */
static inline bool crlock_description_has_locks(const struct crlock_snapshot *snapshot,
						const struct crlock_description *description)
{
	const struct crlock_inode_row *inode = crlock_row(&snapshot->inodes.rows, description->inode_row);

	return description->first_lock != CRLOCK_NO_ROW && description->doublings == inode->doublings;
}

/**
 * crlock_snapshot_note - Notes who holds a file, if it has locks that are wanted. Does not sleep.
 * @snapshot: the snapshot
 * @file: the caller holds a lock that keeps it alive: of what it found it in
 * @holder: what it found
 * @wanted: the filter names who holds it
 * @first: it is the first file since that lock was taken
 *
 * Locks the inode's flc_lock, beneath what the caller holds: the kernel takes no table's file_lock,
 * mmap_lock or queue lock under it.
 *
 * Return: 0, or -ENOSPC: it is not done, call again after crlock_snapshot_room().
 */
static inline int crlock_snapshot_note(struct crlock_snapshot *snapshot, struct file *file,
				       const struct crlock_holder_row *holder, bool wanted, bool first)
{
	const struct inode *inode = file_inode(file);

	snapshot->section += first;
	/* Most inodes have never had a lock. */
	if (!READ_ONCE(inode->i_flctx) || !crlock_filter_inode(snapshot->filter, inode))
		return 0;
	return crlock_snapshot_note_locked(snapshot, file, holder, wanted);
}

#endif
