/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_INODE_H
#define CRLOCK_INODE_H

#include <linux/fs.h>

struct crlock_snapshot;

/** crlock_inode_may_have_locks - False if the inode never had a lock. The caller keeps it alive. */
static inline bool crlock_inode_may_have_locks(const struct inode *inode)
{
	return READ_ONCE(inode->i_flctx);
}

int crlock_inode_copy_locks(struct crlock_snapshot *snapshot, struct inode *inode);

#endif
