/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of crdump(8) and crrestore(8): a line of text each, or with --log-json an object of JSON.
 */
#ifndef IMAGE_MESSAGE_H
#define IMAGE_MESSAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "locks/buffer.h"

/* As the numbers of --verbose, and of criu(8), have them. */
enum message_level {
	MESSAGE_ERROR = 1,
	MESSAGE_WARNING = 2,
	MESSAGE_INFO = 3,
};

/** MESSAGE_LEVEL_DEFAULT - What is said if nothing is asked for. */
#define MESSAGE_LEVEL_DEFAULT MESSAGE_WARNING

struct message {
	const char *program;
	enum message_level level;
	pid_t pid; /* that it is about; 0: about none */
	int fd; /* a descriptor of it; -1: about none */
	const char *text; /* may have names of strangers in it */
};

/** message_add - Adds a message as a line, with its newline. */
void message_add(struct lock_buffer *line, const struct message *message, bool json);

/**
 * message_level_parse - Reads the level of --verbose.
 * @level: what it is until now
 * @text: a number from 0 to 4; NULL: one more, or one and as many as there are letters in "vv"
 *
 * Returns: it, -1: that is none.
 */
int message_level_parse(int level, const char *text);

#endif
