/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The work that a container engine has done by a process that it starts, over a socket: CRIU's swrk.
 */
#ifndef CRIU_SWRK_H
#define CRIU_SWRK_H

/**
 * swrk - Serves the requests that come from a socket.
 * @number: of its descriptor, as on the command line
 *
 * Of a restore this process becomes crrestore, so that what that restores can be a child of the caller.
 *
 * Returns: the exit status.
 */
int swrk(const char *number);

#endif
