/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks that stay held between a dump and its restore on the same machine. crdump leaves a process, the keeper, that
 * has the open file descriptions which hold them; through a socket in the checkpoint's directory it hands them to
 * crrestore: first all, each with one of the descriptors that it was dumped from, then an end. It goes away when it is
 * told that they have arrived.
 */
#ifndef IMAGE_HOLD_H
#define IMAGE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#define IMAGE_HOLD "held-locks.sock"

/* Whose description it was; any of several. */
struct hold_name {
	int32_t pid; /* 0: the end */
	int32_t fd;
};

/** hold_listen - Makes the socket in a directory. Returns: a descriptor or a negative errno value. */
int hold_listen(int dir);

/**
 * hold_connect - Connects to the keeper.
 *
 * Returns: a descriptor, -ENOENT (nothing is held), -ECONNREFUSED (the keeper is gone), -EPERM (it is another
 * user's), or another negative errno value.
 */
int hold_connect(int dir);

/** hold_send - Hands out a description, or tells the end. @fd: -1: none. Returns: 0 or a negative errno value. */
int hold_send(int connection, struct hold_name name, int fd);

/**
 * hold_receive - Gets one.
 * @fd: gets a descriptor that is the caller's
 *
 * Returns: 1, 0 at the end, -EPROTO if it is none of these, or another negative errno value.
 */
int hold_receive(int connection, struct hold_name *name, int *fd);

/** hold_arrived - Tells the keeper that it may go, and waits until it has. */
void hold_arrived(int connection);

/** hold_await - Waits for that. Returns: whether it came; else who asked is gone. */
bool hold_await(int connection);

#endif
