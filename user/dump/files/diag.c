// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "dump/files/diag.h"
#include "dump/files/state.h"

/* The kernel fills as much of it as it is given. */
#define MESSAGES_MAX 32768

struct diag_sockets {
	struct diag_socket *sockets; /* by inode number */
	size_t nr;
};

static int compare(const void *x, const void *y)
{
	const struct diag_socket *a = x, *b = y;

	return (a->ino > b->ino) - (a->ino < b->ino);
}

/* Attributes --------------------------------------------------------------------------------------- */

static bool take_waiting(struct diag_socket *socket, const struct nlattr *attr)
{
	size_t nr = mnl_attr_get_payload_len(attr) / sizeof(uint32_t);

	if (!nr)
		return true;
	free(socket->waiting);
	socket->waiting = calloc(nr, sizeof(*socket->waiting));
	if (!socket->waiting)
		return false;
	memcpy(socket->waiting, mnl_attr_get_payload(attr), nr * sizeof(uint32_t));
	socket->nr_waiting = nr;
	return true;
}

static void take_name(struct diag_socket *socket, const struct nlattr *attr)
{
	size_t length = mnl_attr_get_payload_len(attr);

	if (length > sizeof(socket->name))
		length = sizeof(socket->name);
	memcpy(socket->name, mnl_attr_get_payload(attr), length);
	socket->name_length = length;
}

static void take_queues(struct diag_socket *socket, const struct nlattr *attr)
{
	struct unix_diag_rqlen queues;

	if (mnl_attr_get_payload_len(attr) < sizeof(queues))
		return;
	memcpy(&queues, mnl_attr_get_payload(attr), sizeof(queues));
	socket->rqueue = queues.udiag_rqueue;
	socket->wqueue = queues.udiag_wqueue;
}

static int take_attribute(const struct nlattr *attr, void *data)
{
	struct diag_socket *socket = data;

	switch (mnl_attr_get_type(attr)) {
	case UNIX_DIAG_NAME:
		take_name(socket, attr);
		break;
	case UNIX_DIAG_PEER:
		if (!mnl_attr_validate(attr, MNL_TYPE_U32))
			socket->peer = mnl_attr_get_u32(attr);
		break;
	case UNIX_DIAG_SHUTDOWN:
		if (!mnl_attr_validate(attr, MNL_TYPE_U8))
			socket->shutdown = mnl_attr_get_u8(attr);
		break;
	case UNIX_DIAG_RQLEN:
		take_queues(socket, attr);
		break;
	case UNIX_DIAG_ICONS:
		if (!take_waiting(socket, attr)) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		break;
	}
	return MNL_CB_OK;
}

static int take_socket(const struct nlmsghdr *header, void *data)
{
	struct diag_sockets *all = data;
	struct diag_socket *sockets;
	struct unix_diag_msg *message;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message))
		return MNL_CB_OK;
	sockets = files_grow(all->sockets, all->nr, sizeof(*sockets));
	if (!sockets) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	all->sockets = sockets;
	message = mnl_nlmsg_get_payload(header);
	sockets[all->nr] = (struct diag_socket){
		.ino = message->udiag_ino,
		.type = message->udiag_type,
		.state = message->udiag_state,
	};
	return mnl_attr_parse(header, sizeof(*message), take_attribute, &sockets[all->nr++]);
}

/* Asking ------------------------------------------------------------------------------------------- */

static int ask(struct mnl_socket *netlink, char *buffer)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct unix_diag_req *request;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = ~0U;
	request->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN;
	return mnl_socket_sendto(netlink, header, header->nlmsg_len) < 0 ? -errno : 0;
}

static int receive(struct mnl_socket *netlink, char *buffer, size_t size, struct diag_sockets *all)
{
	int ret = MNL_CB_OK;

	while (ret > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(netlink, buffer, size);

		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buffer, n, 0, mnl_socket_get_portid(netlink), take_socket, all);
	}
	return ret < 0 ? -errno : 0;
}

static int read_all(struct diag_sockets *all)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	size_t size = MESSAGES_MAX;
	char *buffer = malloc(size);
	int ret = netlink ? 0 : -errno;

	if (!ret)
		ret = buffer ? 0 : -ENOMEM;
	if (!ret && mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		ret = -errno;
	if (!ret)
		ret = ask(netlink, buffer);
	if (!ret)
		ret = receive(netlink, buffer, size, all);
	free(buffer);
	if (netlink)
		mnl_socket_close(netlink);
	return ret;
}

/* Who waits is told by the listener only. */
static void tell_waiting(struct diag_sockets *all)
{
	for (size_t i = 0; i < all->nr; i++) {
		const struct diag_socket *listener = &all->sockets[i];

		for (size_t j = 0; j < listener->nr_waiting; j++) {
			struct diag_socket *socket =
				(struct diag_socket *)diag_find(all, listener->waiting[j]);

			if (socket)
				socket->listener = listener->ino;
		}
	}
}

int diag_read(struct diag_sockets **out)
{
	struct diag_sockets *all = calloc(1, sizeof(*all));
	int ret = all ? read_all(all) : -ENOMEM;

	if (ret) {
		diag_free(all);
		return ret;
	}
	if (all->nr)
		qsort(all->sockets, all->nr, sizeof(*all->sockets), compare);
	tell_waiting(all);
	*out = all;
	return 0;
}

void diag_free(struct diag_sockets *sockets)
{
	if (!sockets)
		return;
	for (size_t i = 0; i < sockets->nr; i++)
		free(sockets->sockets[i].waiting);
	free(sockets->sockets);
	free(sockets);
}

const struct diag_socket *diag_find(const struct diag_sockets *sockets, uint32_t ino)
{
	const struct diag_socket key = { .ino = ino };

	return ino && sockets->nr ? bsearch(&key, sockets->sockets, sockets->nr, sizeof(key), compare) : NULL;
}
