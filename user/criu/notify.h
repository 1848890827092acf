/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling the peer what happens: this program is the --action-script of the crdump or crrestore that it started.
 */
#ifndef CRIU_NOTIFY_H
#define CRIU_NOTIFY_H

#include <stdbool.h>

/** notify_prepare - What notify_is_asked() finds in the program that this process starts. Returns: 0 or -errno. */
int notify_prepare(int socket);

/** notify_is_asked - Whether this program was started as such a script. */
bool notify_is_asked(int argc);

/** notify - Tells the peer, and waits for its answer. Returns: the exit status. */
int notify(void);

#endif
