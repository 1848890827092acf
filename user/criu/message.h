/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of CRIU's protocol: each is one datagram on a socket of type SOCK_SEQPACKET.
 */
#ifndef CRIU_MESSAGE_H
#define CRIU_MESSAGE_H

#include "rpc.pb-c.h"

enum message_type {
	MESSAGE_EMPTY = 0,
	MESSAGE_DUMP = 1,
	MESSAGE_RESTORE = 2,
	MESSAGE_CHECK = 3,
	MESSAGE_NOTIFY = 6,
	MESSAGE_FEATURES = 9,
	MESSAGE_VERSION = 10,
};

/* Longer ones are refused before there is memory for them. */
#define MESSAGE_MAX (256 << 10)

/**
 * message_decode - Reads a request.
 *
 * Returns: NULL: it is malformed, truncated, or there is no memory; else the caller frees it with
 * rpc__request__free_unpacked().
 */
Rpc__Request *message_decode(const void *data, size_t len);

/**
 * message_receive - Waits for a request.
 *
 * Descriptors that come with it are closed.
 *
 * Returns: 1 with the request, which the caller frees; 0: the peer has closed; or a negative errno value: -EBADMSG if
 * it is none, -EMSGSIZE if it is too long.
 */
int message_receive(int fd, Rpc__Request **request);

/** message_send - Sends a response. Returns: 0 or a negative errno value. */
int message_send(int fd, const Rpc__Response *response);

#endif
