// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "raw.h"

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

static void read_details(struct raw_answer *answer, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t offset = sizeof(int);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		offset = sizeof(*error);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			offset = sizeof(int) + MNL_ALIGN(error->msg.nlmsg_len);
	}
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(answer->text, sizeof(answer->text), "%s", mnl_attr_get_str(attr));
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS)
			answer->offset = mnl_attr_get_u32(attr);
	}
}

static void read_rows(struct raw_answer *answer, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	answer->nr_messages++;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case CRLOCK_A_NEEDED:
			answer->needed = mnl_attr_get_u64(attr);
			break;
		case CRLOCK_A_LOCK:
		case CRLOCK_A_FILE:
		case CRLOCK_A_THREAD:
			answer->nr_rows++;
			break;
		}
	}
}

bool raw_read(struct raw_answer *answer, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_type != NLMSG_ERROR && nlh->nlmsg_type != NLMSG_DONE) {
		read_rows(answer, nlh);
		return false;
	}
	memcpy(&answer->error, mnl_nlmsg_get_payload(nlh), sizeof(int));
	read_details(answer, nlh);
	return true;
}

bool raw_ask(struct raw *raw, struct raw_request *request, struct raw_answer *answer)
{
	static char buffer[256 * 1024] __attribute__((aligned(8)));
	bool done = false;

	*answer = (struct raw_answer){ 0 };
	/* With an address, which keeps netlink_capable() from looking at who has opened the socket. */
	if (mnl_socket_sendto(raw->socket, request, request->nlh.nlmsg_len) < 0)
		return false;
	while (!done) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer;
		int rest = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));

		if (rest < 0)
			return false;
		for (; !done && mnl_nlmsg_ok(nlh, rest); nlh = mnl_nlmsg_next(nlh, &rest))
			done = raw_read(answer, nlh);
	}
	return true;
}

void raw_begin(struct raw_request *request, const struct raw *raw, uint8_t command, bool dump)
{
	static uint32_t seq;
	struct genlmsghdr *genl;

	mnl_nlmsg_put_header(request);
	request->nlh.nlmsg_type = raw->family;
	request->nlh.nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	request->nlh.nlmsg_seq = ++seq;
	genl = mnl_nlmsg_put_extra_header(&request->nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = CRLOCK_GENL_VERSION;
}

static bool find_family(struct raw *raw)
{
	static char buffer[8192] __attribute__((aligned(8)));
	struct raw controller = { .socket = raw->socket, .family = GENL_ID_CTRL };
	struct raw_request request;
	const struct nlattr *attr;

	raw_begin(&request, &controller, CTRL_CMD_GETFAMILY, false);
	request.nlh.nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_strz(&request.nlh, CTRL_ATTR_FAMILY_NAME, CRLOCK_GENL_NAME);
	if (mnl_socket_sendto(raw->socket, &request, request.nlh.nlmsg_len) < 0 ||
	    mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer)) < 0)
		return false;
	if (((const struct nlmsghdr *)buffer)->nlmsg_type != GENL_ID_CTRL)
		return false;
	mnl_attr_for_each(attr, (const struct nlmsghdr *)buffer, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			raw->family = mnl_attr_get_u16(attr);
	return raw->family;
}

bool raw_open(struct raw *raw)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK };
	int on = 1;

	*raw = (struct raw){ .socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC) };
	if (!raw->socket || mnl_socket_bind(raw->socket, 0, MNL_SOCKET_AUTOPID))
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		mnl_socket_setsockopt(raw->socket, options[i], &on, sizeof(on));
	return find_family(raw);
}

void raw_close(struct raw *raw)
{
	if (raw->socket)
		mnl_socket_close(raw->socket);
	raw->socket = NULL;
}
