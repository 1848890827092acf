// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests of the family's commands. What may be in them the kernel checks, and says it better.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/genetlink.h>

#include "request.h"

/* DEV_MAJOR, DEV_MINOR, INO and KINDS. */
#define FILTER_ATTRS 4

/**
 * crlock_request_new - Makes a request.
 * @family: id of the family
 * @command: CRLOCK_CMD_*
 * @flags: NLM_F_* besides NLM_F_REQUEST
 * @nr_attrs: for how many numbers there is to be room
 *
 * Returns: the request, to be freed with free(3), or NULL without memory.
 */
struct nlmsghdr *crlock_request_new(uint16_t family, uint8_t command, uint16_t flags, size_t nr_attrs)
{
	size_t size = MNL_NLMSG_HDRLEN + sizeof(struct genlmsghdr) +
		      nr_attrs * (MNL_ATTR_HDRLEN + sizeof(uint64_t));
	struct nlmsghdr *request = calloc(1, size);
	struct genlmsghdr *genl;

	if (!request)
		return NULL;
	mnl_nlmsg_put_header(request);
	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = command;
	genl->version = CRLOCK_GENL_VERSION;
	return request;
}

static int new_filtered(struct nlmsghdr **request, struct crlock *crlock, uint8_t command, uint16_t flags,
			size_t nr_attrs, size_t nr_tgids)
{
	if (nr_tgids > crlock->info.tgids_max)
		return crlock_fail(crlock, -EINVAL, "TGID: %zu processes, the module takes %u", nr_tgids,
				   crlock->info.tgids_max);
	*request = crlock_request_new(crlock->connection.family, command, flags, nr_attrs + nr_tgids);
	return *request ? 0 : -ENOMEM;
}

static void put_tgids(struct nlmsghdr *request, const pid_t *tgids, size_t nr_tgids)
{
	size_t i;

	for (i = 0; i < nr_tgids; i++)
		mnl_attr_put_u32(request, CRLOCK_A_TGID, tgids[i]);
}

/* Makes a request of what a filter chooses, with room for @nr_attrs more. */
static int request_of_filter(struct nlmsghdr **request, struct crlock *crlock, uint8_t command,
			     uint16_t flags, const struct crlock_filter *filter, size_t nr_attrs)
{
	static const struct crlock_filter everything;
	int err;

	if (!filter)
		filter = &everything;
	err = new_filtered(request, crlock, command, flags, FILTER_ATTRS + nr_attrs, filter->nr_tgids);
	if (err)
		return err;
	put_tgids(*request, filter->tgids, filter->nr_tgids);
	if (filter->by_inode) {
		mnl_attr_put_u32(*request, CRLOCK_A_DEV_MAJOR, filter->dev_major);
		mnl_attr_put_u32(*request, CRLOCK_A_DEV_MINOR, filter->dev_minor);
		mnl_attr_put_u64(*request, CRLOCK_A_INO, filter->ino);
	}
	if (filter->kinds)
		mnl_attr_put_u32(*request, CRLOCK_A_KINDS, filter->kinds);
	return 0;
}

/**
 * crlock_request_lock_get - Makes a request of a dump of locks.
 * @request: to be freed with free(3)
 * @filter: NULL for all
 *
 * Returns: 0, -EINVAL if there are more processes than the module takes, or -ENOMEM.
 */
int crlock_request_lock_get(struct nlmsghdr **request, struct crlock *crlock,
			    const struct crlock_filter *filter)
{
	return request_of_filter(request, crlock, CRLOCK_CMD_LOCK_GET, NLM_F_DUMP, filter, 0);
}

/** crlock_request_monitor - Makes a request of events, 0 for all, as crlock_request_lock_get(). */
int crlock_request_monitor(struct nlmsghdr **request, struct crlock *crlock,
			   const struct crlock_filter *filter, uint32_t events)
{
	int err = request_of_filter(request, crlock, CRLOCK_CMD_MONITOR, NLM_F_ACK, filter, 1);

	if (!err && events)
		mnl_attr_put_u32(*request, CRLOCK_A_EVENTS, events);
	return err;
}

static int request_of_tgids(struct nlmsghdr **request, struct crlock *crlock, uint8_t command,
			    const pid_t *tgids, size_t nr_tgids)
{
	int err = new_filtered(request, crlock, command, NLM_F_DUMP, 0, nr_tgids);

	if (!err)
		put_tgids(*request, tgids, nr_tgids);
	return err;
}

/** crlock_request_file_get - Makes a request of a dump of descriptors, as crlock_request_lock_get(). */
int crlock_request_file_get(struct nlmsghdr **request, struct crlock *crlock, const pid_t *tgids,
			    size_t nr_tgids)
{
	return request_of_tgids(request, crlock, CRLOCK_CMD_FILE_GET, tgids, nr_tgids);
}

/** crlock_request_task_get - Makes a request of a dump of threads, as crlock_request_lock_get(). */
int crlock_request_task_get(struct nlmsghdr **request, struct crlock *crlock, const pid_t *tgids,
			    size_t nr_tgids)
{
	return request_of_tgids(request, crlock, CRLOCK_CMD_TASK_GET, tgids, nr_tgids);
}

/**
 * crlock_request_regs_get - Makes a request for registers.
 * @flags: NLM_F_ACK or NLM_F_DUMP
 * @type: CRLOCK_A_TID or CRLOCK_A_TGID
 * @pid: the thread or process
 *
 * Returns: 0 or -ENOMEM.
 */
int crlock_request_regs_get(struct nlmsghdr **request, struct crlock *crlock, uint16_t flags, uint16_t type,
			    pid_t pid)
{
	*request = crlock_request_new(crlock->connection.family, CRLOCK_CMD_REGS_GET, flags, 1);
	if (!*request)
		return -ENOMEM;
	mnl_attr_put_u32(*request, type, pid);
	return 0;
}
