/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sock_diag(7) says of the unix sockets of this network namespace.
 */
#ifndef DUMP_FILES_DIAG_H
#define DUMP_FILES_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As large as a name may be; one that begins with a NUL is no path. */
#define DIAG_NAME_MAX 108

struct diag_socket {
	uint32_t ino;
	uint32_t peer; /* inode number, 0: it has none, or one that was not accepted yet */
	uint8_t type, state, shutdown;
	uint32_t rqueue, wqueue;
	uint8_t name_length;
	char name[DIAG_NAME_MAX]; /* with the NUL at its end that the kernel counts */
	uint32_t listener; /* that it waits at to be accepted, 0: at none */
	uint32_t *waiting; /* of a listener: the sockets that connect; owned */
	size_t nr_waiting;
};

struct diag_sockets;

/**
 * diag_read - Reads about all unix sockets.
 * @out: the caller frees it with diag_free()
 *
 * Returns: 0 or a negative errno value.
 */
int diag_read(struct diag_sockets **out);

/** diag_free - Frees it; NULL is allowed. */
void diag_free(struct diag_sockets *sockets);

/** diag_find - A socket by its inode number; NULL: there is none. */
const struct diag_socket *diag_find(const struct diag_sockets *sockets, uint32_t ino);

#endif
