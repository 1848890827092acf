/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_INODE_H
#define CRLOCK_INODE_H

#include <linux/types.h>

struct crlock_snapshot;
struct inode;

bool crlock_inode_may_have_locks(struct inode *inode);
int crlock_inode_copy_locks(struct crlock_snapshot *snapshot, struct inode *inode);

#endif
