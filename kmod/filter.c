// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request asks for. Lengths and ranges were checked by the policies before.
 */
#include <linux/bsearch.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "filter.h"

static int compare_tgids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* The number in the initial pid namespace of a process of the reader's, or 0. */
static pid_t global_tgid(pid_t nr)
{
	struct pid *pid;
	pid_t tgid = 0;

	rcu_read_lock();
	pid = find_vpid(nr);
	if (pid && pid_task(pid, PIDTYPE_TGID))
		tgid = pid_nr(pid);
	rcu_read_unlock();
	return tgid;
}

static int add_tgid(struct crlock_filter *filter, const struct nlattr *attr,
		    struct netlink_ext_ack *extack)
{
	pid_t tgid = global_tgid(nla_get_u32(attr));

	if (!tgid) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "TGID: no such process");
		return -ESRCH;
	}
	if (filter->nr_tgids == CRLOCK_TGIDS_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "TGID: too many processes");
		return -EINVAL;
	}
	filter->tgids[filter->nr_tgids++] = tgid;
	return 0;
}

static int parse_tgids(struct crlock_filter *filter, const struct nlmsghdr *nlh,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rem, err;

	filter->tgids = kvmalloc_array(CRLOCK_TGIDS_MAX, sizeof(*filter->tgids),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!filter->tgids)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) != CRLOCK_A_TGID)
			continue;
		err = add_tgid(filter, attr, extack);
		if (err)
			return err;
	}
	sort(filter->tgids, filter->nr_tgids, sizeof(*filter->tgids), compare_tgids, NULL);
	return 0;
}

static int parse_inode(struct crlock_filter *filter, struct nlattr **attrs,
		       struct netlink_ext_ack *extack)
{
	u32 major, minor;

	if (!attrs[CRLOCK_A_DEV_MAJOR] && !attrs[CRLOCK_A_DEV_MINOR] && !attrs[CRLOCK_A_INO])
		return 0;
	if (!attrs[CRLOCK_A_DEV_MAJOR] || !attrs[CRLOCK_A_DEV_MINOR] || !attrs[CRLOCK_A_INO]) {
		NL_SET_ERR_MSG(extack, "DEV_MAJOR, DEV_MINOR and INO: one without the others");
		return -EINVAL;
	}
	major = nla_get_u32(attrs[CRLOCK_A_DEV_MAJOR]);
	minor = nla_get_u32(attrs[CRLOCK_A_DEV_MINOR]);
	filter->by_inode = true;
	filter->dev = MKDEV(major, minor);
	filter->ino = nla_get_u64(attrs[CRLOCK_A_INO]);
	return 0;
}

/**
 * crlock_filter_parse - Reads what a request asks for.
 * @filter: to be freed with crlock_filter_free(), also after an error
 * @nlh: the request
 * @attrs: its attributes; NULL: it has none
 * @extack: gets the reason
 *
 * Return: 0, -EINVAL, -ESRCH or -ENOMEM, with a text in the extended acknowledgement.
 */
int crlock_filter_parse(struct crlock_filter *filter, const struct nlmsghdr *nlh, struct nlattr **attrs,
			struct netlink_ext_ack *extack)
{
	int err = 0;

	*filter = (struct crlock_filter){ .kinds = (1U << (CRLOCK_KIND_MAX + 1)) - 1 };
	if (!attrs)
		return 0;
	if (attrs[CRLOCK_A_TGID])
		err = parse_tgids(filter, nlh, extack);
	if (!err)
		err = parse_inode(filter, attrs, extack);
	if (attrs[CRLOCK_A_KINDS])
		filter->kinds = nla_get_u32(attrs[CRLOCK_A_KINDS]);
	return err;
}

/** crlock_filter_parse_dump - The same, of a dump's request. */
int crlock_filter_parse_dump(struct crlock_filter *filter, struct netlink_callback *cb)
{
	return crlock_filter_parse(filter, cb->nlh, crlock_dump_attrs(cb), cb->extack);
}

/** crlock_filter_free - Frees what a filter owns. */
void crlock_filter_free(struct crlock_filter *filter)
{
	kvfree(filter->tgids);
	filter->tgids = NULL;
}

/** crlock_filter_index - Where a process is in a filter's tgids, or -1. */
int crlock_filter_index(const struct crlock_filter *filter, pid_t tgid)
{
	const pid_t *found = bsearch(&tgid, filter->tgids, filter->nr_tgids, sizeof(*filter->tgids),
				     compare_tgids);

	return found ? found - filter->tgids : -1;
}

/** crlock_filter_tgid - Whether a process, by its id in the initial pid namespace, is asked for. */
bool crlock_filter_tgid(const struct crlock_filter *filter, pid_t tgid)
{
	return !filter->nr_tgids || crlock_filter_index(filter, tgid) >= 0;
}
