/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_CONNECTION_H
#define CRLOCK_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#define CRLOCK_TEXT_MAX 256

/**
 * struct crlock_connection - A socket, and the family that it is for.
 * @socket: NULL after it failed: it is opened anew for the next request
 * @seq: sequence number of the last request
 * @family: id of the family, 0 while it is not known
 * @buffer: the last datagram, owned
 * @text: what the kernel or the library has to say of the last error
 */
struct crlock_connection {
	struct mnl_socket *socket;
	uint32_t seq;
	uint16_t family;
	char *buffer;
	char text[CRLOCK_TEXT_MAX];
};

/* Gets each message of an answer, until it returns another value than 0. */
typedef int crlock_message_fn(const struct nlmsghdr *nlh, void *data);

int crlock_connect_controller(struct crlock_connection *connection);
int crlock_connect(struct crlock_connection *connection);
void crlock_disconnect(struct crlock_connection *connection);
int crlock_ask(struct crlock_connection *connection, struct nlmsghdr *request, crlock_message_fn *fn,
	       void *data);
int crlock_take(struct crlock_connection *connection, crlock_message_fn *fn, void *data);

#endif
