/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of sockets of all families.
 */
#ifndef RESTORE_FILES_SOCKET_OPTIONS_H
#define RESTORE_FILES_SOCKET_OPTIONS_H

#include <sys/socket.h>

#include "restore/files/room.h"

/** socket_options_are_sound - Whether they are as a dump writes them. */
bool socket_options_are_sound(const Image__SkOptsEntry *options);

/** socket_options_set - Sets all but buffers, to be called before bind(2). Returns: 0 or -errno. */
int socket_options_set(int fd, const Image__SkOptsEntry *options);

/** socket_buffers_set - Sets the buffers' sizes, when what waits in them was put there. Returns: 0 or -errno. */
int socket_buffers_set(int fd, const Image__SkOptsEntry *options);

/** socket_set - Sets an option that is a number. Returns: 0 or -errno. */
int socket_set(int fd, int level, int name, int value);

#endif
