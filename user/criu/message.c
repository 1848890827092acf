// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "criu/message.h"

Rpc__Request *message_decode(const void *data, size_t len)
{
	return rpc__request__unpack(NULL, len, data);
}

static ssize_t receive(int fd, void *data, size_t size, int flags)
{
	ssize_t len;

	do {
		len = recv(fd, data, size, flags);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : len;
}

int message_receive(int fd, Rpc__Request **request)
{
	ssize_t len = receive(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	void *data;

	*request = NULL;
	if (len <= 0)
		return len;
	if (len > MESSAGE_MAX) {
		/* What is left unread when this end closes would take the answer from the peer. */
		receive(fd, NULL, 0, 0);
		return -EMSGSIZE;
	}
	data = malloc(len);
	if (!data)
		return -ENOMEM;
	len = receive(fd, data, len, 0);
	if (len > 0)
		*request = message_decode(data, len);
	free(data);
	if (len <= 0)
		return len;
	return *request ? 1 : -EBADMSG;
}

int message_send(int fd, const Rpc__Response *response)
{
	size_t len = rpc__response__get_packed_size(response);
	uint8_t *data = malloc(len);
	ssize_t sent;

	if (!data)
		return -ENOMEM;
	rpc__response__pack(response, data);
	do {
		sent = send(fd, data, len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	free(data);
	return sent < 0 ? -errno : 0;
}
