// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The id that generic netlink has given to the family, as its controller tells.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <linux/crlock.h>
#include <linux/genetlink.h>

#include "family.h"

struct search {
	const char *name; /* NULL: of any name */
	uint16_t family; /* 0: none was found */
};

static int read_family(const struct nlmsghdr *nlh, void *data)
{
	struct search *search = data;
	const struct nlattr *attr;
	bool named = !search->name;
	uint16_t family = 0;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EPROTO;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID && !mnl_attr_validate(attr, MNL_TYPE_U16))
			family = mnl_attr_get_u16(attr);
		if (search->name && mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME &&
		    !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			named = !strcmp(mnl_attr_get_str(attr), search->name);
	}
	if (named)
		search->family = family;
	return 0;
}

static struct nlmsghdr *request_new(char *buffer, uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	request->nlmsg_type = GENL_ID_CTRL;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	return request;
}

#define REQUEST_SIZE 128

/**
 * crlock_find_family - Fills in connection->family.
 *
 * All families are asked for. If one were named that is not there, the kernel would load its module.
 *
 * Returns: 0, -ENOENT if there is no such family, or another error.
 */
int crlock_find_family(struct crlock_connection *connection)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct search search = { .name = CRLOCK_GENL_NAME };
	int err = crlock_ask(connection, request_new(buffer, NLM_F_DUMP), read_family, &search);

	connection->family = search.family;
	return err ?: search.family ? 0 : -ENOENT;
}

/**
 * crlock_load_family - Has the kernel load the module with an alias for the family, if there is none of that name.
 *
 * Returns: 0, -ENOENT if there is still none, or another error.
 */
int crlock_load_family(struct crlock_connection *connection)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *request = request_new(buffer, NLM_F_ACK);
	struct search search = { 0 };

	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, CRLOCK_GENL_NAME);
	return crlock_ask(connection, request, read_family, &search);
}

/**
 * crlock_has_family - Looks whether a family of an id is there. No module is loaded for it.
 *
 * Returns: 0, -ENOENT, or another error.
 */
int crlock_has_family(struct crlock_connection *connection, uint16_t id)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *request = request_new(buffer, NLM_F_ACK);
	struct search search = { 0 };

	mnl_attr_put_u16(request, CTRL_ATTR_FAMILY_ID, id);
	return crlock_ask(connection, request, read_family, &search);
}
