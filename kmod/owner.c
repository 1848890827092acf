// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is told of a file's input and output, and of the break of a lease (F_SETOWN and F_SETSIG of fcntl(2)).
 */
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>

#include "owner.h"

static u32 owner_type(enum pid_type type)
{
	switch (type) {
	case PIDTYPE_TGID:
		return F_OWNER_PID;
	case PIDTYPE_PGID:
		return F_OWNER_PGRP;
	default:
		return F_OWNER_TID;
	}
}

/* The number of one that is gone may be another's by now. */
static pid_t live_nr(struct pid *pid, enum pid_type type, struct pid_namespace *ns)
{
	pid_t nr = 0;

	rcu_read_lock();
	if (pid_task(pid, type))
		nr = pid_nr_ns(pid, ns);
	rcu_read_unlock();
	return nr;
}

/**
 * crlock_owner_copy - Copies a file's owner, as f_getown() and f_getowner_uids() of fs/fcntl.c have it.
 * @copy: gets it; all zero if there is none
 * @file: the caller keeps it
 * @ns: the reader's
 *
 * Does not sleep. May be called under locks that the kernel does not take under the owner's: flc_lock,
 * under which it takes the owner's itself, with interrupts off, in send_sigio(), and file_lock of a
 * table of descriptors.
 */
void crlock_owner_copy(struct crlock_owner *copy, struct file *file, struct pid_namespace *ns)
{
	struct fown_struct *owner = file_f_owner(file);
	unsigned long flags;

	*copy = (struct crlock_owner){};
	/* Almost no file has one; a look without the lock tells that. */
	if (!owner || (!READ_ONCE(owner->pid) && !READ_ONCE(owner->signum)))
		return;
	read_lock_irqsave(&owner->lock, flags);
	if (owner->pid) {
		copy->is_set = true;
		copy->pid = live_nr(owner->pid, owner->pid_type, ns);
		copy->type = owner_type(owner->pid_type);
		copy->uid = __kuid_val(owner->uid);
		copy->euid = __kuid_val(owner->euid);
	}
	/* F_SETSIG writes it without the lock. */
	copy->signum = READ_ONCE(owner->signum);
	read_unlock_irqrestore(&owner->lock, flags);
}
