/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors in messages of unix sockets (SCM_RIGHTS).
 */
#ifndef KMOD_SCM_H
#define KMOD_SCM_H

#include <stdbool.h>

/** scm_send - Sends a descriptor, with one byte. Returns: whether that was possible. */
bool scm_send(int socket, int fd);

/** scm_receive - Receives one, which execve(2) will close. Returns: it, or -1. */
int scm_receive(int socket);

#endif
