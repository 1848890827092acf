/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_LOCK_ROW_H
#define CRLOCK_LOCK_ROW_H

#include <linux/fs.h>

#include <linux/crlock.h>

struct pid_namespace;

/* The end of a chain of rows. */
#define CRLOCK_NO_ROW U32_MAX

/**
 * struct crlock_lock_row - A lock as it is noted under its inode's flc_lock: 56 bytes where &struct
 *	crlock_lock has 152, for what is the same for its whole description, or only told of leases, is
 *	kept elsewhere.
 * @lock: only to be compared
 * @owner: only to be compared
 * @start: first byte
 * @end: last byte
 * @fl_flags: FL_* of the kernel
 * @pid: of who set it, in the reader's pid namespace; or 0
 * @rank: place on its list
 * @next: row of the next lock of its description
 * @lease: row of &struct crlock_lease_row; CRLOCK_NO_ROW if it is no lease
 * @held: F_RDLCK or F_WRLCK
 * @waiters: something waits for it
 */
struct crlock_lock_row {
	const void *lock;
	const void *owner;
	s64 start;
	s64 end;
	u32 fl_flags;
	s32 pid;
	u32 rank;
	u32 next;
	u32 lease;
	u8 held;
	bool waiters;
};

/**
 * struct crlock_lease_row - What leases, delegations and layouts have beside.
 * @break_ms: as in &struct crlock_lock
 * @downgrade_ms: the same
 * @fown_pid: the same
 * @fown_type: the same
 * @fown_signum: the same
 * @fown_uid: the same
 * @fown_euid: the same
 * @notice: someone is told of a break
 */
struct crlock_lease_row {
	s64 break_ms;
	s64 downgrade_ms;
	s32 fown_pid;
	u32 fown_type;
	s32 fown_signum;
	u32 fown_uid;
	u32 fown_euid;
	bool notice;
};

/**
 * crlock_kind_of - The kind of a lock.
 * @flags: FL_* of the kernel
 * @owner: only to be compared
 * @file: its open file description
 */
static inline enum crlock_kind crlock_kind_of(u32 flags, const void *owner, const void *file)
{
	if (flags & FL_FLOCK)
		return CRLOCK_KIND_FLOCK;
	/* Locks of files on NFS lose FL_OFDLCK: lockd's client keeps their flags in a byte meanwhile. */
	if (flags & FL_POSIX)
		return flags & FL_OFDLCK || owner == file ? CRLOCK_KIND_OFD : CRLOCK_KIND_POSIX;
	if (flags & FL_DELEG)
		return CRLOCK_KIND_DELEGATION;
	if (flags & FL_LAYOUT)
		return CRLOCK_KIND_LAYOUT;
	return CRLOCK_KIND_LEASE;
}

void crlock_lease_row_fill(struct crlock_lease_row *row, struct file_lock_core *core,
			   struct pid_namespace *ns);

#endif
