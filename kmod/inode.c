// SPDX-License-Identifier: GPL-2.0-only
/*
 * One inode's lists of locks.
 *
 * inode->i_flctx appears once and stays for the inode's life. Its lists, and the locks on them but for
 * flc_blocked_requests, are protected by its flc_lock; a lock's flc_file lives while it is on a list.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>

#include "inode.h"
#include "owner.h"
#include "snapshot.h"

static struct file_lock_context *lock_context(struct inode *inode)
{
	/* Pairs with the cmpxchg() in locks_get_lock_context(). */
	return smp_load_acquire(&inode->i_flctx);
}

static enum crlock_kind kind_of(const struct file_lock_core *core)
{
	unsigned int flags = core->flc_flags;

	if (flags & FL_FLOCK)
		return CRLOCK_KIND_FLOCK;
	if (flags & FL_POSIX)
		return flags & FL_OFDLCK ? CRLOCK_KIND_OFD : CRLOCK_KIND_POSIX;
	if (flags & FL_DELEG)
		return CRLOCK_KIND_DELEGATION;
	if (flags & FL_LAYOUT)
		return CRLOCK_KIND_LAYOUT;
	return CRLOCK_KIND_LEASE;
}

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

/* What a breaking lease is to become, as target_leasetype() of fs/locks.c has it. */
static u8 target_of(const struct file_lock_core *core)
{
	if (core->flc_flags & FL_UNLOCK_PENDING)
		return F_UNLCK;
	if (core->flc_flags & FL_DOWNGRADE_PENDING)
		return F_RDLCK;
	return core->flc_type;
}

/* A time of 0 means none, see lease_modify() and __break_lease() of fs/locks.c. */
static s64 milliseconds_to(unsigned long time)
{
	long left = time - jiffies;

	if (!time)
		return CRLOCK_NO_DEADLINE;
	return left < 0 ? -(s64)jiffies_to_msecs(-left) : jiffies_to_msecs(left);
}

/* Who is told of a break. */
static void copy_notice(struct crlock_lock *lock, struct file_lease *lease, struct file *file,
			struct pid_namespace *ns)
{
	struct crlock_owner owner;

	if (!file)
		return;
	crlock_owner_copy(&owner, file, ns);
	lock->fown_pid = owner.pid;
	lock->fown_type = owner.type;
	lock->fown_signum = owner.signum;
	lock->fown_uid = owner.uid;
	lock->fown_euid = owner.euid;
	if (owner.is_set && lease->fl_fasync)
		lock->state |= CRLOCK_LOCK_NOTICE;
}

static void copy_lease(struct crlock_lock *lock, struct file_lock_core *core,
		       struct pid_namespace *ns)
{
	struct file_lease *lease = file_lease_of(core);

	lock->end = CRLOCK_EOF;
	lock->target = target_of(core);
	if (core->flc_flags & FL_UNLOCK_PENDING) {
		lock->state |= CRLOCK_LOCK_UNLOCK_PENDING;
		lock->break_ms = milliseconds_to(lease->fl_break_time);
	}
	if (core->flc_flags & FL_DOWNGRADE_PENDING) {
		lock->state |= CRLOCK_LOCK_DOWNGRADE_PENDING;
		lock->downgrade_ms = milliseconds_to(lease->fl_downgrade_time);
	}
	copy_notice(lock, lease, core->flc_file, ns);
}

static void copy_lock(struct crlock_snapshot *snapshot, struct inode *inode,
		      struct file_lock_core *core, enum crlock_kind kind, u32 rank)
{
	struct file *file = core->flc_file;
	struct crlock_lock *lock = crlock_snapshot_add_lock(snapshot, inode, file);

	if (!lock)
		return;
	lock->id = (unsigned long)core;
	lock->owner_id = (unsigned long)core->flc_owner;
	lock->mount_id = file ? (unsigned long)file->f_path.mnt : 0;
	lock->ino = inode->i_ino;
	lock->dev_major = MAJOR(inode->i_sb->s_dev);
	lock->dev_minor = MINOR(inode->i_sb->s_dev);
	lock->generation = inode->i_generation;
	lock->fl_flags = core->flc_flags;
	lock->pid = setter_of(core, snapshot->pid_ns);
	lock->rank = rank;
	lock->kind = kind;
	lock->held = core->flc_type;
	lock->target = core->flc_type;
	lock->break_ms = CRLOCK_NO_DEADLINE;
	lock->downgrade_ms = CRLOCK_NO_DEADLINE;
	/* Added to under blocked_lock_lock, which is not ours to take: true at some moment. */
	if (!list_empty(&core->flc_blocked_requests))
		lock->state |= CRLOCK_LOCK_WAITERS;
	if (core->flc_flags & FL_LEASE || kind >= CRLOCK_KIND_LEASE) {
		copy_lease(lock, core, snapshot->pid_ns);
	} else {
		lock->start = file_lock_of(core)->fl_start;
		lock->end = file_lock_of(core)->fl_end;
	}
}

static u32 count_list(const struct crlock_filter *filter, struct list_head *list)
{
	struct file_lock_core *core;
	u32 nr = 0;

	list_for_each_entry(core, list, flc_list)
		nr += crlock_filter_kind(filter, kind_of(core));
	return nr;
}

static void copy_list(struct crlock_snapshot *snapshot, struct inode *inode, struct list_head *list)
{
	struct file_lock_core *core;
	u32 rank = 0;

	list_for_each_entry(core, list, flc_list) {
		enum crlock_kind kind = kind_of(core);

		if (crlock_filter_kind(snapshot->filter, kind))
			copy_lock(snapshot, inode, core, kind, rank);
		rank++;
	}
}

/**
 * crlock_inode_copy_locks - Adds an inode's locks of the wanted kinds to a snapshot. Does not sleep.
 * @snapshot: gets the locks
 * @inode: may have locks; the caller keeps it alive
 *
 * Return: how many, or -ENOSPC: nothing was done, snapshot->lacking says how many there are.
 */
int crlock_inode_copy_locks(struct crlock_snapshot *snapshot, struct inode *inode)
{
	struct file_lock_context *context = lock_context(inode);
	struct list_head *lists[] = { &context->flc_flock, &context->flc_posix,
				      &context->flc_lease };
	u32 nr = 0, i;
	int ret;

	spin_lock(&context->flc_lock);
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		nr += count_list(snapshot->filter, lists[i]);
	if (crlock_snapshot_has_room(snapshot, nr)) {
		for (i = 0; i < ARRAY_SIZE(lists); i++)
			copy_list(snapshot, inode, lists[i]);
		ret = nr;
	} else {
		snapshot->lacking = nr;
		ret = -ENOSPC;
	}
	spin_unlock(&context->flc_lock);
	return ret;
}
