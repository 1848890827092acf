// SPDX-License-Identifier: GPL-2.0-only
/*
 * The snapshot that lock-get tells: each inode's locks, copied once, joined with the holders of their
 * open file descriptions by hash.
 *
 * inode->i_flctx appears once and stays for the inode's life. Its lists, and the locks on them but for
 * flc_blocked_requests, are protected by its flc_lock; a lock's flc_file lives while it is on a list.
 *
 * Up to LOCKS_AT_ONCE locks of an inode are copied as they were at one moment. More are copied in batches,
 * for flc_lock is a spinlock, and what waits for the CPU is not to wait for long. A batch begins behind the
 * one before it if the list up to there is as it was; else all are copied anew, in larger batches. So what
 * was held all the time is told, and once. To look for the last lock alone would not do: one that is given
 * up and taken again is at the end of the list, may be at the same address, and others would be passed over.
 *
 * Nothing is pinned. All that is to be known of a file is copied while whatever refers to it, a table
 * of descriptors, a mapping or a message, is locked. What is kept after that are addresses to compare.
 * A process that runs meanwhile may close a file whose address then becomes another's. So the inode is
 * compared too, and of a file that is found after its inode was looked at, only by another process than
 * set its lock, a holder is told only if that lock is there still: better none than a wrong one. As long as
 * what refers to files stays locked these do not change, and so for all of them it is looked once. Of OFD
 * locks the kernel does not keep who set them: there a holder may be told of the file that was there
 * before. Of processes that do not run the snapshot is exact.
 */
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>

#include "snapshot.h"

/* Locks that are copied in one go. */
#define LOCKS_AT_ONCE 8192U

/* So many locks are passed over in the time that it takes to copy one. */
#define PASSED_FOR_COPIED 8

/* Beyond so many locks it is looked for all descriptions at once. */
#define CHECKED_AT_FIRST 64

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
	crlock_rows_init(&snapshot->locks, budget, sizeof(struct crlock_lock_row));
	crlock_rows_init(&snapshot->leases, budget, sizeof(struct crlock_lease_row));
	crlock_rows_init(&snapshot->holders, budget, sizeof(struct crlock_holder_row));
}

/** crlock_snapshot_free - Frees what a snapshot has; it may be all zero. */
void crlock_snapshot_free(struct crlock_snapshot *snapshot)
{
	crlock_keyed_free(&snapshot->inodes);
	crlock_keyed_free(&snapshot->descriptions);
	crlock_rows_free(&snapshot->locks);
	crlock_rows_free(&snapshot->leases);
	crlock_rows_free(&snapshot->holders);
}

static int make_room(struct crlock_snapshot *snapshot, u32 nr_locks, u32 nr_leases)
{
	int err;

	/* One inode, and for each of its locks at most one description; and one holder. */
	err = crlock_keyed_reserve(&snapshot->inodes, 1);
	err = err ?: crlock_keyed_reserve(&snapshot->descriptions, nr_locks);
	err = err ?: crlock_rows_reserve(&snapshot->locks, nr_locks);
	err = err ?: crlock_rows_reserve(&snapshot->leases, nr_leases);
	return err ?: crlock_rows_reserve(&snapshot->holders, 1);
}

/* Some more, for the list may grow until it is looked at again. */
static u32 and_some(u32 nr)
{
	return nr + nr / 8 + 1;
}

/*
 * For some of those that are still to come too, by how many have: to come back here takes longer than to note
 * a lock. Return: as make_room().
 */
static int make_more_room(struct crlock_snapshot *snapshot, u32 nr_locks, u32 nr_leases)
{
	u32 more_locks = max(nr_locks, snapshot->locks.nr / 4);
	int err;

	err = crlock_keyed_reserve(&snapshot->inodes, 1 + snapshot->inodes.rows.nr / 4);
	err = err ?: crlock_rows_reserve(&snapshot->holders, 1 + snapshot->holders.nr / 4);
	err = err ?: make_room(snapshot, more_locks, nr_leases);
	return err == -ENOBUFS ? make_room(snapshot, nr_locks, nr_leases) : err;
}

static bool is_time_to_pause(const struct crlock_snapshot *snapshot)
{
	return snapshot->work >= LOCKS_AT_ONCE;
}

/**
 * crlock_snapshot_room - Makes the room that crlock_snapshot_note() was without. May sleep.
 * @snapshot: the snapshot
 *
 * There is nothing to do if that was only to pause. Beyond the budget the rows that take most of it are
 * given up and from then on only counted, so that what is needed can be told.
 *
 * Return: 0, -ENOMEM, or -ENOBUFS if not even counting is within the budget.
 */
int crlock_snapshot_room(struct crlock_snapshot *snapshot)
{
	u32 nr_locks = and_some(snapshot->lacking);
	u32 nr_leases = snapshot->lacking_leases ? and_some(snapshot->lacking_leases) : 0;
	bool pause = is_time_to_pause(snapshot);
	int err;

	snapshot->work = 0;
	/* Far into a long list the way to a batch alone takes as long, and room for it may be lacking. */
	if (pause && !snapshot->lacking)
		return 0;
	snapshot->lacking = 0;
	snapshot->lacking_leases = 0;
	err = make_more_room(snapshot, nr_locks, nr_leases);
	if (err != -ENOBUFS || snapshot->counting)
		return err;
	snapshot->counting = true;
	crlock_rows_count(&snapshot->locks);
	crlock_rows_count(&snapshot->leases);
	crlock_rows_count(&snapshot->holders);
	return make_room(snapshot, nr_locks, nr_leases);
}

/* Descriptions ------------------------------------------------------------------------------------ */

/* Who looks for a file after its inode was looked at mostly asks for the one that was added last. */
static struct crlock_description *find_description(struct crlock_snapshot *snapshot,
						   const struct file *file,
						   const struct inode *inode)
{
	struct crlock_description *description = snapshot->last;

	if (!description || description->file != file)
		description = crlock_keyed_find(&snapshot->descriptions, file);
	if (!description || description->inode != inode)
		return NULL;
	snapshot->last = description;
	return description;
}

/* What is there before the first lock; of a file that was there the last time another may be in its place. */
static void begin_description(struct crlock_description *description, const struct file *file, pid_t setter,
			      u8 doublings)
{
	description->mount = file ? file->f_path.mnt : NULL;
	description->first_lock = CRLOCK_NO_ROW;
	description->last_lock = CRLOCK_NO_ROW;
	description->setter = setter;
	description->setters = false;
	description->doublings = doublings;
}

static __always_inline struct crlock_description *
find_or_add_description(struct crlock_snapshot *snapshot, const struct file *file,
			const struct inode *inode, u32 inode_row, pid_t setter, u8 doublings)
{
	struct crlock_description *description = snapshot->last;
	struct crlock_slot *slot;

	if (description && description->file == file && description->inode_row == inode_row &&
	    description->doublings == doublings)
		return description;
	slot = crlock_keyed_slot(&snapshot->descriptions, file);
	description = crlock_keyed_at(&snapshot->descriptions, slot);
	if (!description || description->inode_row != inode_row) {
		description = crlock_keyed_add(&snapshot->descriptions, slot, file);
		description->inode = inode;
		description->inode_row = inode_row;
		description->first_holder = CRLOCK_NO_ROW;
		description->last_holder = CRLOCK_NO_ROW;
		description->nr_holders = 0;
		description->checked = 0;
		description->wanted = false;
		begin_description(description, file, setter, doublings);
	} else if (description->doublings != doublings) {
		begin_description(description, file, setter, doublings);
	}
	snapshot->last = description;
	return description;
}

/* Locks ------------------------------------------------------------------------------------------- */

/* Locks keep the number that the process had in the initial namespace; servers of locks use others. */
static pid_t setter_of(const struct file_lock_core *core, struct pid_namespace *ns)
{
	pid_t nr = core->flc_pid;

	if (ns == &init_pid_ns || nr <= 0)
		return max(nr, 0);
	rcu_read_lock();
	nr = pid_nr_ns(find_pid_ns(nr, &init_pid_ns), ns);
	rcu_read_unlock();
	return nr;
}

static void link_lock(struct crlock_snapshot *snapshot, struct crlock_description *description,
		      u32 index)
{
	struct crlock_lock_row *last;

	if (description->first_lock == CRLOCK_NO_ROW) {
		description->first_lock = index;
	} else {
		last = crlock_row(&snapshot->locks, description->last_lock);
		last->next = index;
	}
	description->last_lock = index;
}

static __always_inline void copy_lock(struct crlock_snapshot *snapshot, const struct inode *inode,
				      u32 inode_row, u8 doublings, struct file_lock_core *core, u32 rank)
{
	bool is_flock = core->flc_flags & FL_FLOCK, is_range = core->flc_flags & FL_POSIX;
	pid_t setter = setter_of(core, snapshot->pid_ns);
	struct crlock_description *description =
		find_or_add_description(snapshot, core->flc_file, inode, inode_row, setter, doublings);
	struct crlock_lease_row *lease = NULL;
	u32 index = snapshot->locks.nr, lease_index = CRLOCK_NO_ROW;
	struct crlock_lock_row *row;

	description->setters |= description->setter != setter;
	if (!is_flock && !is_range) {
		lease_index = snapshot->leases.nr;
		lease = crlock_rows_add(&snapshot->leases);
	}
	row = crlock_rows_add(&snapshot->locks);
	if (!row)
		return;
	/* One by one: to clear it first, as an initializer does, takes longer than all the rest. */
	row->lock = core;
	row->owner = core->flc_owner;
	row->start = is_range ? file_lock_of(core)->fl_start : 0;
	row->end = is_range ? file_lock_of(core)->fl_end : CRLOCK_EOF;
	row->fl_flags = core->flc_flags;
	row->pid = setter;
	row->rank = rank;
	row->next = CRLOCK_NO_ROW;
	row->lease = lease_index;
	row->held = core->flc_type;
	/* Added to under blocked_lock_lock, which is not ours to take: true at some moment. */
	row->waiters = !list_empty(&core->flc_blocked_requests);
	if (lease)
		crlock_lease_row_fill(lease, core, snapshot->pid_ns);
	link_lock(snapshot, description, index);
}

static __always_inline bool is_wanted(const struct crlock_filter *filter, const struct file_lock_core *core)
{
	return crlock_filter_kind(filter,
				  crlock_kind_of(core->flc_flags, core->flc_owner, core->flc_file));
}

static bool have_room(const struct crlock_snapshot *snapshot, u32 nr_locks, u32 nr_leases)
{
	return crlock_keyed_fit(&snapshot->descriptions, nr_locks) &&
	       crlock_rows_fit(&snapshot->locks, nr_locks) &&
	       crlock_rows_fit(&snapshot->leases, nr_leases);
}

/* How many locks a batch has, of at most @max. Return: whether there is room for them. */
static bool measure_batch(struct crlock_snapshot *snapshot, struct crlock_lock_walk walk, u32 max, u32 *nr)
{
	u32 nr_locks = 0, nr_leases = 0;
	struct file_lock_core *core;

	for (*nr = 0; *nr < max && (core = crlock_lock_walk_on(&walk)); ++*nr) {
		if (is_wanted(snapshot->filter, core)) {
			nr_locks++;
			nr_leases += walk.list == CRLOCK_LIST_LEASE;
		}
	}
	if (have_room(snapshot, nr_locks, nr_leases))
		return true;
	snapshot->lacking = nr_locks;
	snapshot->lacking_leases = nr_leases;
	return false;
}

static void copy_batch(struct crlock_snapshot *snapshot, const struct inode *inode, u32 inode_row,
		       struct crlock_lock_walk *walk, u32 nr)
{
	struct crlock_inode_row *row = crlock_row(&snapshot->inodes.rows, inode_row);
	struct file_lock_core *core;

	snapshot->work += nr;
	row->begun = true;
	while (nr--) {
		core = crlock_lock_walk_on(walk);
		if (!row->whole)
			crlock_lock_place_move(&snapshot->place, walk, core);
		if (is_wanted(snapshot->filter, core)) {
			copy_lock(snapshot, inode, inode_row, row->doublings, core, walk->rank - 1);
			row->nr_locks++;
		}
	}
	snapshot->place_row = inode_row;
}

/* Goes to where the next batch begins. */
static void begin_batch(struct crlock_snapshot *snapshot, u32 inode_row, struct crlock_lock_walk *walk)
{
	struct crlock_inode_row *row = crlock_row(&snapshot->inodes.rows, inode_row);

	if (row->begun && snapshot->place_row == inode_row && crlock_lock_walk_to(walk, &snapshot->place)) {
		snapshot->work += walk->rank / PASSED_FOR_COPIED;
		return;
	}
	if (row->begun) {
		/* What was copied is forgotten: its descriptions have another number. */
		row->nr_locks = 0;
		row->begun = false;
		row->doublings++;
	}
	crlock_lock_walk_list(walk, CRLOCK_LIST_FLOCK);
}

/* Return: 0 once all of the inode's locks are copied, or -ENOSPC. */
static int copy_locks(struct crlock_snapshot *snapshot, const struct inode *inode, u32 inode_row)
{
	struct crlock_inode_row *row = crlock_row(&snapshot->inodes.rows, inode_row);
	/* Pairs with the cmpxchg() in locks_get_lock_context(). */
	struct crlock_lock_walk walk = { .context = smp_load_acquire(&inode->i_flctx) };
	u32 max, nr;

	spin_lock(&walk.context->flc_lock);
	begin_batch(snapshot, inode_row, &walk);
	max = LOCKS_AT_ONCE << min_t(u32, row->doublings, 16);
	if (measure_batch(snapshot, walk, max, &nr)) {
		row->whole = nr < max;
		copy_batch(snapshot, inode, inode_row, &walk, nr);
	}
	spin_unlock(&walk.context->flc_lock);
	return row->whole ? 0 : -ENOSPC;
}

static u32 add_inode(struct crlock_snapshot *snapshot, struct crlock_slot *slot, const struct inode *inode)
{
	struct crlock_inode_row *row = crlock_keyed_add(&snapshot->inodes, slot, inode);

	row->ino = inode->i_ino;
	row->dev = inode->i_sb->s_dev;
	row->generation = inode->i_generation;
	row->nr_locks = 0;
	row->checked = 0;
	row->begun = false;
	row->whole = false;
	row->doublings = 0;
	return snapshot->inodes.rows.nr - 1;
}

/*
 * Copies the inode's locks if that was not done yet, which is told if it was done in one go. Return: how many
 * there are, or -ENOSPC.
 */
static int look_at_inode(struct crlock_snapshot *snapshot, const struct inode *inode, bool *first)
{
	struct crlock_inode_row *seen;
	struct crlock_slot *slot;
	u32 inode_row;
	int err;

	if (!crlock_keyed_fit(&snapshot->inodes, 1))
		return -ENOSPC;
	slot = crlock_keyed_slot(&snapshot->inodes, inode);
	seen = crlock_keyed_at(&snapshot->inodes, slot);
	if (!seen || seen->ino != inode->i_ino || seen->generation != inode->i_generation) {
		inode_row = add_inode(snapshot, slot, inode);
		seen = crlock_row(&snapshot->inodes.rows, inode_row);
	} else {
		inode_row = slot->row - 1;
	}
	*first = !seen->begun;
	if (seen->whole)
		return seen->nr_locks;
	if (is_time_to_pause(snapshot))
		return -ENOSPC;
	err = copy_locks(snapshot, inode, inode_row);
	return err ?: seen->nr_locks;
}

/*
 * Sees of which descriptions of an inode a lock is there still: of all, unless that which is sought is
 * among the first. Return: whether of all.
 */
static bool check_descriptions(struct crlock_snapshot *snapshot, const struct inode *inode,
			       const struct crlock_description *sought)
{
	/* As in copy_locks(). */
	struct crlock_lock_walk walk = { .context = smp_load_acquire(&inode->i_flctx) };
	struct crlock_description *description;
	struct file_lock_core *core;
	u32 nr = 0;

	spin_lock(&walk.context->flc_lock);
	crlock_lock_walk_list(&walk, CRLOCK_LIST_FLOCK);
	while ((core = crlock_lock_walk_on(&walk))) {
		nr++;
		description = find_description(snapshot, core->flc_file, inode);
		if (description && (description->setters ||
				    setter_of(core, snapshot->pid_ns) == description->setter))
			description->checked = snapshot->section;
		if (nr <= CHECKED_AT_FIRST && sought->checked == snapshot->section)
			break;
	}
	spin_unlock(&walk.context->flc_lock);
	snapshot->work += nr / PASSED_FOR_COPIED;
	return !core;
}

/*
 * Whether the file at the description's address is the one that had its locks: an inode that was looked at
 * for another file's sake may have got a new one there. Return: 1, 0 or -ENOSPC.
 */
static int is_the_same(struct crlock_snapshot *snapshot, const struct crlock_description *description,
		       const struct inode *inode, const struct crlock_holder_row *holder)
{
	struct crlock_inode_row *row = crlock_row(&snapshot->inodes.rows, description->inode_row);

	if (!description->setter || holder->tgid == description->setter)
		return 1;
	if (row->checked != snapshot->section) {
		/* After a pause all are to be checked anew: the more of these there are, the rarer. */
		if (snapshot->work >= LOCKS_AT_ONCE << snapshot->check_doublings) {
			snapshot->check_doublings = min_t(u32, snapshot->check_doublings + 1, 2);
			return -ENOSPC;
		}
		if (check_descriptions(snapshot, inode, description))
			row->checked = snapshot->section;
	}
	return description->checked == snapshot->section;
}

/* Holders ----------------------------------------------------------------------------------------- */

static void add_holder(struct crlock_snapshot *snapshot, struct crlock_description *description,
		       const struct crlock_holder_row *holder)
{
	u32 index = snapshot->holders.nr;
	struct crlock_holder_row *row = crlock_rows_add(&snapshot->holders), *last;

	if (!row)
		return;
	*row = *holder;
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

/** crlock_snapshot_note_locked - crlock_snapshot_note() for a file whose inode may have locks. */
int crlock_snapshot_note_locked(struct crlock_snapshot *snapshot, struct file *file,
				const struct crlock_holder_row *holder, bool wanted)
{
	const struct inode *inode = file_inode(file);
	struct crlock_description *description;
	bool first;
	int ret;

	if (!crlock_rows_fit(&snapshot->holders, 1))
		return -ENOSPC;
	ret = look_at_inode(snapshot, inode, &first);
	if (ret <= 0)
		return ret;
	description = find_description(snapshot, file, inode);
	if (!description)
		return 0;
	ret = first ? 1 : is_the_same(snapshot, description, inode, holder);
	if (ret <= 0)
		return ret;
	add_holder(snapshot, description, holder);
	description->wanted |= wanted;
	return 0;
}

/**
 * crlock_snapshot_want - Notes that a process that the filter names holds a file, of which the rest is noted.
 * @snapshot: the snapshot
 * @file: as of crlock_snapshot_note()
 */
void crlock_snapshot_want(struct crlock_snapshot *snapshot, const struct file *file)
{
	struct crlock_description *description = find_description(snapshot, file, file_inode(file));

	if (description)
		description->wanted = true;
}
