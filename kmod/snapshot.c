// SPDX-License-Identifier: GPL-2.0-only
/*
 * The snapshot that lock-get tells: each inode's locks, copied once, joined with the holders of their
 * open file descriptions by hash.
 *
 * Nothing is pinned. All that is to be known of a file is copied while whatever refers to it, a table
 * of descriptors, a mapping or a message, is locked. What is kept after that are addresses to compare.
 * A process that runs meanwhile may close a file whose address then becomes another's: the inode is
 * compared too, but for a file that is opened anew on the same inode in between a holder may be told
 * of the former. Of processes that do not run the snapshot is exact.
 */
#include <linux/fs.h>
#include <linux/sched.h>

#include "id.h"
#include "inode.h"
#include "snapshot.h"

/**
 * crlock_snapshot_init - Makes an empty snapshot, to be freed with crlock_snapshot_free().
 * @snapshot: the snapshot
 * @filter: must outlive it
 * @pid_ns: must live until all is noted
 */
void crlock_snapshot_init(struct crlock_snapshot *snapshot, const struct crlock_filter *filter,
			  struct pid_namespace *pid_ns)
{
	struct crlock_budget *budget = &snapshot->budget;

	*snapshot = (struct crlock_snapshot){
		.budget.max = crlock_budget_max(),
		.filter = filter,
		.pid_ns = pid_ns,
	};
	crlock_keyed_init(&snapshot->inodes, budget, sizeof(struct crlock_inode_row));
	crlock_keyed_init(&snapshot->descriptions, budget, sizeof(struct crlock_description));
	crlock_rows_init(&snapshot->locks, budget, sizeof(struct crlock_lock));
	crlock_rows_init(&snapshot->holders, budget, sizeof(struct crlock_holder));
}

/** crlock_snapshot_free - Frees what a snapshot has; it may be all zero. */
void crlock_snapshot_free(struct crlock_snapshot *snapshot)
{
	crlock_keyed_free(&snapshot->inodes);
	crlock_keyed_free(&snapshot->descriptions);
	crlock_rows_free(&snapshot->locks);
	crlock_rows_free(&snapshot->holders);
}

static int make_room(struct crlock_snapshot *snapshot, u32 nr_locks)
{
	int err;

	/* One inode, and for each of its locks at most one description; and one holder. */
	err = crlock_keyed_reserve(&snapshot->inodes, 1);
	err = err ?: crlock_keyed_reserve(&snapshot->descriptions, nr_locks);
	err = err ?: crlock_rows_reserve(&snapshot->locks, nr_locks);
	return err ?: crlock_rows_reserve(&snapshot->holders, 1);
}

/**
 * crlock_snapshot_room - Makes the room that crlock_snapshot_note() was without. May sleep.
 * @snapshot: the snapshot
 *
 * Beyond the budget the rows that take most of it are given up and from then on only counted, so that
 * what is needed can be told.
 *
 * Return: 0, -ENOMEM, or -ENOBUFS if not even counting is within the budget.
 */
int crlock_snapshot_room(struct crlock_snapshot *snapshot)
{
	u32 nr_locks = snapshot->lacking;
	int err;

	/* Some more, for the list may grow until it is looked at again. */
	nr_locks += nr_locks / 8 + 1;
	snapshot->lacking = 0;
	err = make_room(snapshot, nr_locks);
	if (err != -ENOBUFS || snapshot->counting)
		return err;
	snapshot->counting = true;
	crlock_rows_count(&snapshot->locks);
	crlock_rows_count(&snapshot->holders);
	return make_room(snapshot, nr_locks);
}

/** crlock_snapshot_has_room - Whether so many locks of an inode would fit. */
bool crlock_snapshot_has_room(const struct crlock_snapshot *snapshot, u32 nr_locks)
{
	return crlock_keyed_fit(&snapshot->descriptions, nr_locks) &&
	       crlock_rows_fit(&snapshot->locks, nr_locks);
}

/* Neighbours on a list, and who looks for a file after its inode was looked at, mostly ask again. */
static bool is_last(const struct crlock_snapshot *snapshot, const struct file *file,
		    const struct inode *inode)
{
	return snapshot->last && snapshot->last->file == file && snapshot->last->inode == inode;
}

static struct crlock_description *find_description(struct crlock_snapshot *snapshot,
						   const struct file *file,
						   const struct inode *inode)
{
	struct crlock_description *description;

	if (is_last(snapshot, file, inode))
		return snapshot->last;
	description = crlock_keyed_find(&snapshot->descriptions, file);
	if (!description || description->inode != inode)
		return NULL;
	snapshot->last = description;
	return description;
}

static struct crlock_description *find_or_add_description(struct crlock_snapshot *snapshot,
							  const struct file *file,
							  const struct inode *inode)
{
	struct crlock_description *description;
	struct crlock_slot *slot;

	if (is_last(snapshot, file, inode))
		return snapshot->last;
	slot = crlock_keyed_slot(&snapshot->descriptions, file);
	description = crlock_keyed_at(&snapshot->descriptions, slot);
	if (!description || description->inode != inode) {
		description = crlock_keyed_add(&snapshot->descriptions, slot, file);
		description->inode = inode;
		description->first_holder = CRLOCK_NO_ROW;
		description->first_lock = CRLOCK_NO_ROW;
	}
	snapshot->last = description;
	return description;
}

/**
 * crlock_snapshot_add_lock - Adds an empty lock, within the room that there is. Does not sleep.
 * @snapshot: the snapshot
 * @inode: on whose list it is
 * @file: of the lock
 *
 * Return: the lock, NULL if locks are only counted.
 */
struct crlock_lock *crlock_snapshot_add_lock(struct crlock_snapshot *snapshot,
					     const struct inode *inode, const struct file *file)
{
	struct crlock_description *description = find_or_add_description(snapshot, file, inode);
	u32 index = snapshot->locks.nr;
	struct crlock_lock *lock = crlock_rows_add(&snapshot->locks), *last;

	if (!lock)
		return NULL;
	lock->file_id = CRLOCK_NO_ROW;
	if (description->first_lock == CRLOCK_NO_ROW) {
		description->first_lock = index;
	} else {
		last = crlock_row(&snapshot->locks, description->last_lock);
		last->file_id = index;
	}
	description->last_lock = index;
	return lock;
}

static void add_holder(struct crlock_snapshot *snapshot, struct crlock_description *description,
		       const struct crlock_holder *holder)
{
	u32 index = snapshot->holders.nr;
	struct crlock_holder *row = crlock_rows_add(&snapshot->holders), *last;

	if (!row)
		return;
	*row = *holder;
	row->file_id = CRLOCK_NO_ROW;
	if (description->first_holder == CRLOCK_NO_ROW) {
		description->first_holder = index;
	} else {
		last = crlock_row(&snapshot->holders, description->last_holder);
		last->file_id = index;
	}
	description->last_holder = index;
	description->nr_holders++;
}

/*
 * Copies the inode's locks if that was not done yet. Return: how many there are, or -ENOSPC.
 */
static int look_at_inode(struct crlock_snapshot *snapshot, struct inode *inode)
{
	struct crlock_inode_row *seen;
	struct crlock_slot *slot;
	int nr;

	if (!crlock_keyed_fit(&snapshot->inodes, 1))
		return -ENOSPC;
	slot = crlock_keyed_slot(&snapshot->inodes, inode);
	seen = crlock_keyed_at(&snapshot->inodes, slot);
	if (seen && seen->ino == inode->i_ino && seen->generation == inode->i_generation)
		return seen->nr_locks;
	nr = crlock_inode_copy_locks(snapshot, inode);
	if (nr < 0)
		return nr;
	seen = crlock_keyed_add(&snapshot->inodes, slot, inode);
	seen->ino = inode->i_ino;
	seen->generation = inode->i_generation;
	seen->nr_locks = nr;
	return nr;
}

/**
 * crlock_snapshot_note - Notes who holds a file, if it has locks that are wanted. Does not sleep.
 * @snapshot: the snapshot
 * @file: the caller holds a lock that keeps it alive: of what it found it in
 * @holder: what it found
 * @wanted: the filter names who holds it
 *
 * Locks the inode's flc_lock, beneath what the caller holds: the kernel takes no table's file_lock,
 * mmap_lock or queue lock under it.
 *
 * Return: 0, or -ENOSPC: nothing was done, call again after crlock_snapshot_room().
 */
int crlock_snapshot_note(struct crlock_snapshot *snapshot, struct file *file,
			 const struct crlock_holder *holder, bool wanted)
{
	struct inode *inode = file_inode(file);
	struct crlock_description *description;
	int nr;

	if (!crlock_inode_may_have_locks(inode) || !crlock_filter_inode(snapshot->filter, inode))
		return 0;
	if (!crlock_rows_fit(&snapshot->holders, 1))
		return -ENOSPC;
	nr = look_at_inode(snapshot, inode);
	if (nr <= 0)
		return nr;
	description = find_description(snapshot, file, inode);
	if (!description)
		return 0;
	add_holder(snapshot, description, holder);
	description->wanted |= wanted;
	return 0;
}

/* Neighbours in a chain mostly have the same mount, or table of descriptors: its id is not made anew. */
struct last_id {
	u64 address;
	u64 id;
};

static u64 id_of(struct last_id *last, u64 address)
{
	if (address != last->address) {
		last->address = address;
		last->id = crlock_id_of_address(address);
	}
	return last->id;
}

/**
 * crlock_snapshot_finish - Makes ids of addresses, once all is noted.
 * @snapshot: the snapshot; its rows were kept
 */
void crlock_snapshot_finish(struct crlock_snapshot *snapshot)
{
	struct last_id mount = {}, owner = {}, files = {};
	struct crlock_description *description;
	struct crlock_holder *holder;
	struct crlock_lock *lock;
	u32 i, row;

	for (i = 0; i < snapshot->descriptions.rows.nr; i++) {
		description = crlock_row(&snapshot->descriptions.rows, i);
		description->id = crlock_id(description->file);
		for (row = description->first_lock; row != CRLOCK_NO_ROW; row = lock->file_id) {
			lock = crlock_row(&snapshot->locks, row);
			lock->id = crlock_id_of_address(lock->id);
			lock->owner_id = lock->owner_id == (unsigned long)description->file ?
						 description->id :
						 id_of(&owner, lock->owner_id);
			lock->mount_id = id_of(&mount, lock->mount_id);
			lock->nr_holders = description->nr_holders;
		}
		for (row = description->first_holder; row != CRLOCK_NO_ROW; row = holder->file_id) {
			holder = crlock_row(&snapshot->holders, row);
			holder->files_id = id_of(&files, holder->files_id);
		}
		cond_resched();
	}
}
