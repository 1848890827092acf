// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A socket of generic netlink: sends one request at a time and reads all of its answer.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/netlink.h>

#include "ack.h"
#include "connection.h"
#include "family.h"

/*
 * The kernel makes the datagrams of a dump as large as what the socket's reader has offered before,
 * up to 32 KiB (netlink_recvmsg(), netlink_dump()). Beyond that are registers: one thread's must fit
 * in one datagram, and there are architectures with 64 KiB in one set.
 */
#define BUFFER_SIZE (256L << 10)

/* Options that an older kernel lacks cost details of errors, no more. */
static void set_options(struct mnl_socket *socket)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
	int on = 1;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		mnl_socket_setsockopt(socket, options[i], &on, sizeof(on));
}

static int open_socket(struct crlock_connection *connection)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	int err;

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(socket);
		return err;
	}
	set_options(socket);
	connection->socket = socket;
	return 0;
}

static void close_socket(struct crlock_connection *connection)
{
	if (connection->socket)
		mnl_socket_close(connection->socket);
	connection->socket = NULL;
}

/**
 * crlock_connect_controller - Opens a socket, to ask of families.
 * @connection: to be closed with crlock_disconnect(), also after an error
 *
 * Returns: 0 or an error of socket(2) or malloc(3).
 */
int crlock_connect_controller(struct crlock_connection *connection)
{
	*connection = (struct crlock_connection){ .seq = time(NULL) };
	connection->buffer = malloc(BUFFER_SIZE);
	return connection->buffer ? open_socket(connection) : -ENOMEM;
}

/**
 * crlock_connect - Opens a socket and finds the family.
 * @connection: to be closed with crlock_disconnect(), also after an error
 *
 * Returns: 0, -ENOENT if there is no such family, or an error of socket(2) or malloc(3).
 */
int crlock_connect(struct crlock_connection *connection)
{
	return crlock_connect_controller(connection) ?: crlock_find_family(connection);
}

/** crlock_disconnect - Frees what a connection owns. */
void crlock_disconnect(struct crlock_connection *connection)
{
	close_socket(connection);
	free(connection->buffer);
	connection->buffer = NULL;
}

static int send_request(struct crlock_connection *connection, struct nlmsghdr *request)
{
	ssize_t n;

	request->nlmsg_seq = ++connection->seq;
	do
		n = mnl_socket_sendto(connection->socket, request, request->nlmsg_len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Returns: bytes of a datagram of the kernel, or a negative errno value. @flags: MSG_*. */
static ssize_t receive(struct crlock_connection *connection, int flags)
{
	struct sockaddr_nl from = {};
	socklen_t from_len;
	ssize_t n;

	do {
		from_len = sizeof(from);
		n = recvfrom(mnl_socket_get_fd(connection->socket), connection->buffer, BUFFER_SIZE,
			     MSG_TRUNC | flags, (struct sockaddr *)&from, &from_len);
		/* The root of a network namespace may send to sockets that are in it. */
	} while (n < 0 ? errno == EINTR : from.nl_pid != 0);
	if (n < 0)
		return -errno;
	return n > BUFFER_SIZE ? -EMSGSIZE : n;
}

/**
 * struct answer - The state of reading one.
 * @request: what is answered
 * @portid: our address
 * @fn: gets the messages
 * @data: of @fn
 * @err: why the messages that follow are not read any more, or 0
 * @complete: the kernel has sent all
 */
struct answer {
	const struct nlmsghdr *request;
	uint32_t portid;
	crlock_message_fn *fn;
	void *data;
	int err;
	bool complete;
};

static int read_message(struct crlock_connection *connection, struct answer *answer,
			const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		answer->complete = true;
		return answer->err ?: crlock_read_ack(nlh, answer->request, connection->text);
	default:
		if (answer->err || nlh->nlmsg_type < NLMSG_MIN_TYPE)
			return answer->err;
		/* What is told did not hold at one time. */
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		return answer->fn(nlh, answer->data);
	}
}

/* Returns: 0, or the socket's error. */
static int read_datagram(struct crlock_connection *connection, struct answer *answer)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)connection->buffer;
	ssize_t n = receive(connection, 0);
	int rest = n;

	/* Events may already fill the socket; the answer came before them. */
	if (n == -ENOBUFS && (answer->request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		return 0;
	if (n < 0)
		return n;
	for (; !answer->complete && mnl_nlmsg_ok(nlh, rest); nlh = mnl_nlmsg_next(nlh, &rest))
		if (mnl_nlmsg_portid_ok(nlh, answer->portid) &&
		    mnl_nlmsg_seq_ok(nlh, answer->request->nlmsg_seq))
			answer->err = read_message(connection, answer, nlh);
	return 0;
}

/**
 * crlock_ask - Sends a request and reads the answer up to the kernel's acknowledgement.
 * @request: all but its sequence number; of a dump, or with NLM_F_ACK
 * @fn: gets each message, until it returns another value than 0
 * @data: for @fn
 *
 * What remains once @fn wants no more is read too. To close the socket would not always end the
 * dump, which holds memory and the module: a child made by fork(2) may have it open.
 *
 * Returns: 0, what @fn returned, or an error, of which connection->text may tell more.
 */
int crlock_ask(struct crlock_connection *connection, struct nlmsghdr *request, crlock_message_fn *fn,
	       void *data)
{
	struct answer answer = { .request = request, .fn = fn, .data = data };
	int err;

	connection->text[0] = '\0';
	err = connection->socket ? 0 : open_socket(connection);
	if (err)
		return err;
	answer.portid = mnl_socket_get_portid(connection->socket);
	err = send_request(connection, request);
	if (err)
		return err;
	while (!err && !answer.complete)
		err = read_datagram(connection, &answer);
	/* What comes late must not be taken for the answer to another request. */
	if (err)
		close_socket(connection);
	return answer.err ?: err;
}

/**
 * crlock_take - Reads a datagram that comes without a request, if there is one. Does not wait.
 * @fn: gets each message of the family
 * @data: for @fn
 *
 * Returns: 0, what @fn returned, -EAGAIN if nothing has come, -ENOBUFS if something had no room, or another
 * error.
 */
int crlock_take(struct crlock_connection *connection, crlock_message_fn *fn, void *data)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)connection->buffer;
	ssize_t n = receive(connection, MSG_DONTWAIT);
	int rest = n, err = 0;

	if (n < 0)
		return n;
	for (; !err && mnl_nlmsg_ok(nlh, rest); nlh = mnl_nlmsg_next(nlh, &rest)) {
		if (nlh->nlmsg_type == connection->family)
			err = fn(nlh, data);
	}
	return err;
}
