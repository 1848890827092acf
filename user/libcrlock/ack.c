// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Acknowledgements: the kernel's errno value and its words, which come in NLMSG_ERROR, or in the
 * NLMSG_DONE of a dump. See Documentation/userspace-api/netlink/intro.rst.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/crlock.h>
#include <linux/genetlink.h>

#include "ack.h"

/* Attributes that requests may have, as the module names them in its texts. */
static const char *const names[CRLOCK_A_MAX + 1] = {
	[CRLOCK_A_TGID] = "TGID",	    [CRLOCK_A_TID] = "TID", [CRLOCK_A_DEV_MAJOR] = "DEV_MAJOR",
	[CRLOCK_A_DEV_MINOR] = "DEV_MINOR", [CRLOCK_A_INO] = "INO", [CRLOCK_A_KINDS] = "KINDS",
	[CRLOCK_A_EVENTS] = "EVENTS",
};

/**
 * struct details - What an extended acknowledgement says.
 * @text: NULL if there is none; within the message
 * @text_len: without a NUL
 * @offset: where in the request the attribute is, 0 if that is not told
 */
struct details {
	const char *text;
	size_t text_len;
	uint32_t offset;
};

/* Returns: where the details begin in the payload, or beyond its end if there are none. */
static size_t details_offset(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return SIZE_MAX;
	if (nlh->nlmsg_type == NLMSG_DONE)
		return MNL_ALIGN(sizeof(int));
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) || error->msg.nlmsg_len < MNL_NLMSG_HDRLEN)
		return SIZE_MAX;
	if (nlh->nlmsg_flags & NLM_F_CAPPED)
		return sizeof(*error);
	return sizeof(int) + MNL_ALIGN((size_t)error->msg.nlmsg_len);
}

static struct details read_details(const struct nlmsghdr *nlh)
{
	size_t offset = details_offset(nlh);
	struct details details = {};
	const struct nlattr *attr;

	if (offset > mnl_nlmsg_get_payload_len(nlh))
		return details;
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG) {
			details.text = mnl_attr_get_payload(attr);
			details.text_len = strnlen(details.text, mnl_attr_get_payload_len(attr));
		} else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS &&
			   !mnl_attr_validate(attr, MNL_TYPE_U32)) {
			details.offset = mnl_attr_get_u32(attr);
		}
	}
	return details;
}

/* Returns: the name of the request's attribute at an offset, or NULL. */
static const char *attr_name(const struct nlmsghdr *request, uint32_t offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, request, sizeof(struct genlmsghdr))
		if ((const char *)attr - (const char *)request == (ptrdiff_t)offset)
			return mnl_attr_get_type(attr) <= CRLOCK_A_MAX ? names[mnl_attr_get_type(attr)]
								       : NULL;
	return NULL;
}

/* The generic texts of attribute policies do not name the attribute, the module's own do. */
static void put_text(char text[CRLOCK_TEXT_MAX], const struct details *details, const char *name)
{
	size_t name_len = name ? strlen(name) : 0;
	bool named = details->text_len > name_len && !memcmp(details->text, name ?: "", name_len);

	if (name && !named)
		snprintf(text, CRLOCK_TEXT_MAX, "%s: %.*s", name, (int)details->text_len, details->text);
	else
		snprintf(text, CRLOCK_TEXT_MAX, "%.*s", (int)details->text_len, details->text);
}

/**
 * crlock_read_ack - Reads an acknowledgement.
 * @nlh: NLMSG_ERROR or NLMSG_DONE
 * @request: what it is about
 * @text: gets what the kernel says of an error; not touched if it says nothing
 *
 * Returns: 0, the kernel's negative errno value, or -EPROTO.
 */
int crlock_read_ack(const struct nlmsghdr *nlh, const struct nlmsghdr *request, char text[CRLOCK_TEXT_MAX])
{
	struct details details;
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(err))
		return -EPROTO;
	memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	if (err >= 0)
		return 0;
	details = read_details(nlh);
	if (details.text)
		put_text(text, &details, attr_name(request, details.offset));
	return err;
}
