// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the rows of a snapshot to the attributes that tell locks and their holders.
 */
#include <linux/skbuff.h>
#include <net/netlink.h>

#include "id.h"
#include "lock_put.h"
#include "snapshot.h"

static u64 id_of(struct crlock_last_id *last, u64 object)
{
	if (object != last->object) {
		last->object = object;
		last->id = crlock_id_of_address(object);
	}
	return last->id;
}

/*
 * Rows are filled in where they are sent from, and netlink aligns them to four bytes. All of their bytes are
 * to be filled in: it is memory as it was found.
 */
typedef struct crlock_lock crlock_lock_in_message __aligned(NLA_ALIGNTO);
typedef struct crlock_holder crlock_holder_in_message __aligned(NLA_ALIGNTO);

static_assert(offsetofend(struct crlock_lock, reserved) == sizeof(struct crlock_lock));
static_assert(offsetofend(struct crlock_holder, reserved) == sizeof(struct crlock_holder));

/* nla_reserve(), without its calls: there are tens of thousands of rows. Return: NULL if it does not fit. */
static __always_inline void *reserve_row(struct sk_buff *skb, int type, size_t size)
{
	struct nlattr *attr;

	BUILD_BUG_ON(size != NLA_ALIGN(size));
	if (skb_tailroom(skb) < nla_attr_size(size))
		return NULL;
	attr = __skb_put(skb, nla_attr_size(size));
	attr->nla_type = type;
	attr->nla_len = nla_attr_size(size);
	return nla_data(attr);
}

static u64 where_of(const struct crlock_lock_put *put, const struct crlock_holder_row *row)
{
	switch (row->kind) {
	case CRLOCK_HOLDER_MAPPING:
		return put->addresses ? row->where : 0;
	case CRLOCK_HOLDER_IN_FLIGHT:
		return row->where;
	}
	return 0;
}

static int put_holders(struct crlock_lock_put *put, const struct crlock_snapshot *snapshot,
		       struct sk_buff *skb)
{
	while (put->next_holder != CRLOCK_NO_ROW) {
		const struct crlock_holder_row *row =
			crlock_row(&snapshot->holders, put->next_holder);
		bool is_descriptor = row->kind == CRLOCK_HOLDER_DESCRIPTOR;
		crlock_holder_in_message *holder =
			reserve_row(skb, CRLOCK_A_HOLDER, sizeof(*holder));

		if (!holder)
			return -EMSGSIZE;
		holder->file_id = put->file.id;
		holder->files_id = is_descriptor ? id_of(&put->table, row->where) : 0;
		holder->where = where_of(put, row);
		holder->tgid = row->tgid;
		holder->tid = row->tid;
		holder->fd = row->fd;
		holder->kind = row->kind;
		holder->flags = row->flags;
		holder->reserved = 0;
		put->next_holder = row->next;
	}
	return 0;
}

/* What a breaking lease is to become, as target_leasetype() of fs/locks.c has it. */
static u8 target_of(u32 flags, u8 held)
{
	if (flags & FL_UNLOCK_PENDING)
		return F_UNLCK;
	return flags & FL_DOWNGRADE_PENDING ? F_RDLCK : held;
}

static void tell_lease(crlock_lock_in_message *lock, u32 flags, const struct crlock_lease_row *lease)
{
	lock->target = target_of(flags, lock->held);
	lock->break_ms = lease->break_ms;
	lock->downgrade_ms = lease->downgrade_ms;
	lock->fown_pid = lease->fown_pid;
	lock->fown_type = lease->fown_type;
	lock->fown_signum = lease->fown_signum;
	lock->fown_uid = lease->fown_uid;
	lock->fown_euid = lease->fown_euid;
	if (flags & FL_UNLOCK_PENDING)
		lock->state |= CRLOCK_LOCK_UNLOCK_PENDING;
	if (flags & FL_DOWNGRADE_PENDING)
		lock->state |= CRLOCK_LOCK_DOWNGRADE_PENDING;
	if (lease->notice)
		lock->state |= CRLOCK_LOCK_NOTICE;
}

static __always_inline void tell_lock(crlock_lock_in_message *lock, const struct crlock_lock_row *row,
				      const struct file *file)
{
	lock->start = row->start;
	lock->end = row->end;
	lock->break_ms = CRLOCK_NO_DEADLINE;
	lock->downgrade_ms = CRLOCK_NO_DEADLINE;
	lock->fl_flags = row->fl_flags;
	lock->pid = row->pid;
	lock->fown_pid = 0;
	lock->fown_type = 0;
	lock->fown_signum = 0;
	lock->fown_uid = 0;
	lock->fown_euid = 0;
	lock->rank = row->rank;
	lock->kind = crlock_kind_of(row->fl_flags, row->owner, file);
	lock->held = row->held;
	lock->target = row->held;
	lock->state = row->waiters ? CRLOCK_LOCK_WAITERS : 0;
	lock->reserved = 0;
}

static int put_locks(struct crlock_lock_put *put, const struct crlock_snapshot *snapshot,
		     const struct crlock_description *description, struct sk_buff *skb)
{
	const struct crlock_inode_row *inode =
		crlock_row(&snapshot->inodes.rows, description->inode_row);
	u64 mount_id = id_of(&put->mount, (unsigned long)description->mount);

	while (put->next_lock != CRLOCK_NO_ROW) {
		const struct crlock_lock_row *row = crlock_row(&snapshot->locks, put->next_lock);
		crlock_lock_in_message *lock = reserve_row(skb, CRLOCK_A_LOCK, sizeof(*lock));

		if (!lock)
			return -EMSGSIZE;
		lock->id = crlock_id(row->lock);
		lock->file_id = put->file.id;
		lock->owner_id = row->owner == description->file ?
					 put->file.id :
					 id_of(&put->owner, (unsigned long)row->owner);
		lock->mount_id = mount_id;
		lock->ino = inode->ino;
		lock->dev_major = MAJOR(inode->dev);
		lock->dev_minor = MINOR(inode->dev);
		lock->generation = inode->generation;
		lock->nr_holders = description->nr_holders;
		tell_lock(lock, row, description->file);
		if (row->lease != CRLOCK_NO_ROW)
			tell_lease(lock, row->fl_flags, crlock_row(&snapshot->leases, row->lease));
		put->next_lock = row->next;
	}
	return 0;
}

/* Return: 0 once all of it is in a message. */
static int put_description(struct crlock_lock_put *put, const struct crlock_snapshot *snapshot,
			   const struct crlock_description *description, struct sk_buff *skb)
{
	if (!crlock_description_has_locks(snapshot, description) ||
	    (snapshot->filter->nr_tgids && !description->wanted))
		return 0;
	if (!put->begun) {
		put->next_holder = description->first_holder;
		put->next_lock = description->first_lock;
		id_of(&put->file, (unsigned long)description->file);
		put->begun = true;
	}
	return put_holders(put, snapshot, skb) ?:
		       put_locks(put, snapshot, description, skb);
}

/* Return: whether it is in the message. */
static bool put_busy(u32 *busy, int type, struct sk_buff *skb)
{
	if (!*busy || nla_put_u32(skb, type, *busy))
		return false;
	*busy = 0;
	return true;
}

/**
 * crlock_lock_put - Puts as much into a message as fits.
 * @put: all zero at first, but for @addresses, @busy_queues and @busy_mappings
 * @snapshot: all is noted, and its rows were kept
 * @skb: the message
 *
 * Return: whether there was something to put.
 */
bool crlock_lock_put(struct crlock_lock_put *put, const struct crlock_snapshot *snapshot,
		     struct sk_buff *skb)
{
	const struct crlock_rows *descriptions = &snapshot->descriptions.rows;
	u32 at_first = put->description;
	bool told;

	while (put->description < descriptions->nr) {
		if (put_description(put, snapshot, crlock_row(descriptions, put->description), skb))
			return true;
		put->description++;
		put->begun = false;
	}
	told = put_busy(&put->busy_queues, CRLOCK_A_BUSY_QUEUES, skb);
	told |= put_busy(&put->busy_mappings, CRLOCK_A_BUSY_MAPPINGS, skb);
	return told || put->description != at_first;
}
