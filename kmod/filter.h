/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_FILTER_H
#define CRLOCK_FILTER_H

#include <linux/fs.h>

#include <linux/crlock.h>

#define CRLOCK_TGIDS_MAX 4096

/**
 * struct crlock_filter - What a request asks for.
 * @tgids: processes, ascending, by their ids in the initial pid namespace
 * @nr_tgids: how many; 0: all
 * @by_inode: one inode is asked for
 * @dev: the device of its superblock
 * @ino: its number
 * @kinds: bits 1 << &enum crlock_kind
 */
struct crlock_filter {
	pid_t *tgids;
	u32 nr_tgids;
	bool by_inode;
	dev_t dev;
	u64 ino;
	u32 kinds;
};

int crlock_filter_parse(struct crlock_filter *filter, const struct nlmsghdr *nlh, struct nlattr **attrs,
			struct netlink_ext_ack *extack);
int crlock_filter_parse_dump(struct crlock_filter *filter, struct netlink_callback *cb);
void crlock_filter_free(struct crlock_filter *filter);
int crlock_filter_index(const struct crlock_filter *filter, pid_t tgid);
bool crlock_filter_tgid(const struct crlock_filter *filter, pid_t tgid);

static inline bool crlock_filter_kind(const struct crlock_filter *filter, enum crlock_kind kind)
{
	return filter->kinds & 1U << kind;
}

static inline bool crlock_filter_inode(const struct crlock_filter *filter,
				       const struct inode *inode)
{
	return !filter->by_inode ||
	       (inode->i_ino == filter->ino && inode->i_sb->s_dev == filter->dev);
}

#endif
