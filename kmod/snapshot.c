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

#include "inode.h"
#include "snapshot.h"

/**
 * crlock_snapshot_init - Makes an empty snapshot, to be freed with crlock_snapshot_free().
 * @snapshot: the snapshot
 * @filter: must outlive it
 * @pid_ns: must outlive it
 *
 * Return: 0, -ENOBUFS or -ENOMEM, and nothing is to be freed.
 */
int crlock_snapshot_init(struct crlock_snapshot *snapshot, const struct crlock_filter *filter,
			 struct pid_namespace *pid_ns)
{
	struct crlock_budget *budget = &snapshot->budget;
	int err;

	*snapshot = (struct crlock_snapshot){
		.budget.max = crlock_budget_max(),
		.filter = filter,
		.pid_ns = pid_ns,
		.inode_map.budget = budget,
		.description_map.budget = budget,
	};
	err = crlock_rows_init(&snapshot->inodes, budget, sizeof(struct crlock_inode_row));
	err = err ?: crlock_rows_init(&snapshot->descriptions, budget,
				      sizeof(struct crlock_description));
	err = err ?: crlock_rows_init(&snapshot->locks, budget, sizeof(struct crlock_lock_row));
	err = err ?: crlock_rows_init(&snapshot->holders, budget, sizeof(struct crlock_holder_row));
	if (err)
		crlock_snapshot_free(snapshot);
	return err;
}

/** crlock_snapshot_free - Frees what a snapshot owns. */
void crlock_snapshot_free(struct crlock_snapshot *snapshot)
{
	crlock_rows_free(&snapshot->inodes);
	crlock_rows_free(&snapshot->descriptions);
	crlock_rows_free(&snapshot->locks);
	crlock_rows_free(&snapshot->holders);
	crlock_ptrmap_free(&snapshot->inode_map);
	crlock_ptrmap_free(&snapshot->description_map);
}

/** crlock_snapshot_bytes - The memory that a snapshot takes, or would if all were kept. */
u64 crlock_snapshot_bytes(const struct crlock_snapshot *snapshot)
{
	u64 rows = crlock_rows_bytes(&snapshot->locks) + crlock_rows_bytes(&snapshot->holders);

	return snapshot->counting ? snapshot->budget.used + rows : snapshot->budget.used;
}

static int make_room(struct crlock_snapshot *snapshot, u32 nr_locks)
{
	int err;

	/* One inode, and for each of its locks at most one description; and one holder. */
	err = crlock_rows_reserve(&snapshot->inodes, 1);
	err = err ?: crlock_ptrmap_reserve(&snapshot->inode_map, 1);
	err = err ?: crlock_rows_reserve(&snapshot->descriptions, nr_locks);
	err = err ?: crlock_ptrmap_reserve(&snapshot->description_map, nr_locks);
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

/** crlock_snapshot_has_room - Whether an inode with so many locks, and a holder, would fit. */
bool crlock_snapshot_has_room(const struct crlock_snapshot *snapshot, u32 nr_locks)
{
	return crlock_rows_fit(&snapshot->inodes, 1) &&
	       crlock_ptrmap_fit(&snapshot->inode_map, 1) &&
	       crlock_rows_fit(&snapshot->descriptions, nr_locks) &&
	       crlock_ptrmap_fit(&snapshot->description_map, nr_locks) &&
	       crlock_rows_fit(&snapshot->locks, nr_locks) &&
	       crlock_rows_fit(&snapshot->holders, 1);
}

static struct crlock_description *find_description(const struct crlock_snapshot *snapshot,
						   const struct file *file,
						   const struct inode *inode)
{
	struct crlock_description *description;
	u32 index;

	if (!crlock_ptrmap_find(&snapshot->description_map, file, &index))
		return NULL;
	description = crlock_row(&snapshot->descriptions, index);
	return description->inode == inode ? description : NULL;
}

static struct crlock_description *add_description(struct crlock_snapshot *snapshot,
						  const struct file *file,
						  const struct inode *inode)
{
	struct crlock_description *description;

	crlock_ptrmap_add(&snapshot->description_map, file, snapshot->descriptions.nr);
	description = crlock_rows_add(&snapshot->descriptions);
	*description = (struct crlock_description){
		.file = file,
		.inode = inode,
		.first_holder = CRLOCK_NO_ROW,
		.last_holder = CRLOCK_NO_ROW,
		.first_lock = CRLOCK_NO_ROW,
		.last_lock = CRLOCK_NO_ROW,
	};
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
	struct crlock_description *description = find_description(snapshot, file, inode) ?:
							 add_description(snapshot, file, inode);
	u32 index = snapshot->locks.nr;
	struct crlock_lock_row *row = crlock_rows_add(&snapshot->locks), *last;

	if (!row)
		return NULL;
	row->next = CRLOCK_NO_ROW;
	if (description->first_lock == CRLOCK_NO_ROW) {
		description->first_lock = index;
	} else {
		last = crlock_row(&snapshot->locks, description->last_lock);
		last->next = index;
	}
	description->last_lock = index;
	return &row->lock;
}

static void add_holder(struct crlock_snapshot *snapshot, struct crlock_description *description,
		       const struct crlock_holder *holder)
{
	u32 index = snapshot->holders.nr;
	struct crlock_holder_row *row = crlock_rows_add(&snapshot->holders), *last;

	if (!row)
		return;
	row->holder = *holder;
	row->next = CRLOCK_NO_ROW;
	if (description->first_holder == CRLOCK_NO_ROW) {
		description->first_holder = index;
	} else {
		last = crlock_row(&snapshot->holders, description->last_holder);
		last->next = index;
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
	u32 index;
	int nr;

	if (crlock_ptrmap_find(&snapshot->inode_map, inode, &index)) {
		seen = crlock_row(&snapshot->inodes, index);
		if (seen->ino == inode->i_ino && seen->generation == inode->i_generation)
			return seen->nr_locks;
	}
	nr = crlock_inode_copy_locks(snapshot, inode);
	if (nr < 0)
		return nr;
	crlock_ptrmap_add(&snapshot->inode_map, inode, snapshot->inodes.nr);
	seen = crlock_rows_add(&snapshot->inodes);
	seen->ino = inode->i_ino;
	seen->generation = inode->i_generation;
	seen->nr_locks = nr;
	return nr;
}

/**
 * crlock_snapshot_note - Notes who holds a file, if it has locks that are wanted. Does not sleep.
 * @snapshot: the snapshot
 * @file: the caller holds a lock that keeps it alive: of what it found it in
 * @holder: what it found; its file_id is filled in here
 * @holder_tgid: of the holder, in the initial pid namespace, 0 if it is no process
 *
 * Locks the inode's flc_lock, beneath what the caller holds: the kernel takes no table's file_lock,
 * mmap_lock or queue lock under it.
 *
 * Return: 0, or -ENOSPC: nothing was done, call again after crlock_snapshot_room().
 */
int crlock_snapshot_note(struct crlock_snapshot *snapshot, struct file *file,
			 const struct crlock_holder *holder, pid_t holder_tgid)
{
	struct inode *inode = file_inode(file);
	struct crlock_description *description;
	struct crlock_holder row = *holder;
	int nr;

	if (!crlock_inode_may_have_locks(inode) || !crlock_filter_inode(snapshot->filter, inode))
		return 0;
	if (!crlock_snapshot_has_room(snapshot, 0))
		return -ENOSPC;
	nr = look_at_inode(snapshot, inode);
	if (nr <= 0)
		return nr;
	description = find_description(snapshot, file, inode);
	if (!description)
		return 0;
	row.file_id = (unsigned long)file;
	add_holder(snapshot, description, &row);
	if (crlock_filter_tgid(snapshot->filter, holder_tgid))
		description->wanted = true;
	return 0;
}
