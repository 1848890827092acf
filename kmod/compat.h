/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that is known here of differences between kernels. It is included before every source, which is
 * written for the newest kernel; HAVE_ names are the answers of kmod/probe/.
 */
#ifndef CRLOCK_COMPAT_H
#define CRLOCK_COMPAT_H

#include <linux/fs.h>
#include <net/genetlink.h>

#ifdef HAVE_FILELOCK_HEADER
#include <linux/filelock.h>
#endif

#ifdef HAVE_FILE_LOCK_CORE
static inline struct file_lock *file_lock_of(struct file_lock_core *core)
{
	return container_of(core, struct file_lock, c);
}

static inline struct file_lease *file_lease_of(struct file_lock_core *core)
{
	return container_of(core, struct file_lease, c);
}
#else
#define file_lock_core	     file_lock
#define file_lease	     file_lock
#define flc_list	     fl_list
#define flc_owner	     fl_owner
#define flc_flags	     fl_flags
#define flc_type	     fl_type
#define flc_pid		     fl_pid
#define flc_file	     fl_file
#define flc_blocked_requests fl_blocked_requests

static inline struct file_lock *file_lock_of(struct file_lock_core *core)
{
	return core;
}

static inline struct file_lease *file_lease_of(struct file_lock_core *core)
{
	return core;
}
#endif

#ifndef HAVE_FOWN_POINTER
static inline struct fown_struct *file_f_owner(struct file *file)
{
	return &file->f_owner;
}
#endif

/* The attributes of the request that a dump answers, and of its request the acknowledgement. */
static inline struct nlattr **crlock_dump_attrs(struct netlink_callback *cb)
{
#ifdef HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif
