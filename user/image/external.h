/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How files outside a checkpoint are called on command lines, as criu(8) does: TYPE[ID].
 */
#ifndef IMAGE_EXTERNAL_H
#define IMAGE_EXTERNAL_H

#include <stdbool.h>
#include <stdint.h>

enum external_type {
	EXTERNAL_FILE, /* file[MOUNT:INODE], hexadecimal */
	EXTERNAL_TTY, /* tty[RDEV:DEV], hexadecimal */
	EXTERNAL_PIPE, /* pipe[INODE] or pipe:[INODE], as the next ones too */
	EXTERNAL_SOCKET, /* socket[INODE] */
	EXTERNAL_UNIX, /* unix[INODE] */
	EXTERNAL_MOUNT, /* mnt[...], with anything behind it */
};

struct external {
	enum external_type type;
	uint64_t first, second; /* of EXTERNAL_MOUNT: 0 */
};

/** external_is_typed - Whether a text looks like TYPE[ID], also of no type that is known; else it is a path. */
bool external_is_typed(const char *text);

/** external_parse - Reads TYPE[ID]. Returns: whether it is one that is known. */
bool external_parse(struct external *external, const char *text);

/* Has room for any. */
#define EXTERNAL_KEY_MAX 64

/** external_key - The one way in which images and crrestore spell it; of sockets of any family "socket:[INODE]". */
void external_key(const struct external *external, char key[EXTERNAL_KEY_MAX]);

#endif
