// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is noted of a lease.
 */
#include <linux/jiffies.h>

#include "lock_row.h"
#include "owner.h"

/* A time of 0 means none, see lease_modify() and __break_lease() of fs/locks.c. */
static s64 milliseconds_to(unsigned long time)
{
	long left = time - jiffies;

	if (!time)
		return CRLOCK_NO_DEADLINE;
	return left < 0 ? -(s64)jiffies64_to_msecs(-left) : jiffies64_to_msecs(left);
}

/**
 * crlock_lease_row_fill - Notes what leases have beside. Does not sleep.
 * @row: gets it
 * @core: on its inode's list, whose flc_lock the caller holds
 * @ns: the reader's
 */
void crlock_lease_row_fill(struct crlock_lease_row *row, struct file_lock_core *core,
			   struct pid_namespace *ns)
{
	struct file_lease *lease = file_lease_of(core);
	struct crlock_owner owner = {};

	*row = (struct crlock_lease_row){
		.break_ms = CRLOCK_NO_DEADLINE,
		.downgrade_ms = CRLOCK_NO_DEADLINE,
	};
	if (core->flc_flags & FL_UNLOCK_PENDING)
		row->break_ms = milliseconds_to(lease->fl_break_time);
	if (core->flc_flags & FL_DOWNGRADE_PENDING)
		row->downgrade_ms = milliseconds_to(lease->fl_downgrade_time);
	/* Who is told of a break. */
	if (core->flc_file)
		crlock_owner_copy(&owner, core->flc_file, ns);
	row->fown_pid = owner.pid;
	row->fown_type = owner.type;
	row->fown_signum = owner.signum;
	row->fown_uid = owner.uid;
	row->fown_euid = owner.euid;
	row->notice = owner.is_set && lease->fl_fasync;
}
