// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The id that generic netlink has given to the family, as its controller tells.
 */
#include <errno.h>

#include <linux/crlock.h>
#include <linux/genetlink.h>

#include "family.h"

static int read_family(const struct nlmsghdr *nlh, void *data)
{
	struct crlock_connection *connection = data;
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EPROTO;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    !mnl_attr_validate(attr, MNL_TYPE_U16))
			connection->family = mnl_attr_get_u16(attr);
	return 0;
}

/**
 * crlock_find_family - Fills in connection->family.
 *
 * The kernel looks for a module with an alias for the family if there is none of that name.
 *
 * Returns: 0, -ENOENT if there is no such family, or another error.
 */
int crlock_find_family(struct crlock_connection *connection)
{
	char buffer[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;
	int err;

	request->nlmsg_type = GENL_ID_CTRL;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, CRLOCK_GENL_NAME);
	err = crlock_ask(connection, request, read_family, connection);
	if (!err && !connection->family)
		err = -EPROTO;
	return err;
}
