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

/* Asks for the family of a name, or without one of an id. */
static int ask(struct crlock_connection *connection, const char *name, uint16_t id)
{
	char buffer[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	request->nlmsg_type = GENL_ID_CTRL;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	if (name)
		mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, name);
	else
		mnl_attr_put_u16(request, CTRL_ATTR_FAMILY_ID, id);
	return crlock_ask(connection, request, read_family, connection);
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
	int err = ask(connection, CRLOCK_GENL_NAME, 0);

	return err ?: connection->family ? 0 : -EPROTO;
}

/**
 * crlock_has_family - Looks whether a family of an id is there. No module is loaded for it.
 *
 * Returns: 0, -ENOENT, or another error.
 */
int crlock_has_family(struct crlock_connection *connection, uint16_t id)
{
	return ask(connection, NULL, id);
}
