/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be done, whether a command line or a message asks for it, and the command line that does it.
 */
#ifndef CRIU_REQUEST_H
#define CRIU_REQUEST_H

#include <stdbool.h>

#include "criu/words.h"

enum request_kind {
	REQUEST_NONE,
	REQUEST_DUMP,
	REQUEST_RESTORE,
	REQUEST_CHECK,
};

/* Texts are the request's own, or NULL. */
struct request {
	enum request_kind kind;
	char *pid; /* of the tree's first process */
	char *images; /* directory */
	char *work; /* directory of the files below; NULL: that of the images */
	char *log, *pidfile; /* names or paths */
	char *script; /* is told of what happens */
	bool leave_running, leave_stopped;
	bool detached, sibling;
	bool shell_job;
	bool no_load; /* the module */
	int level; /* of messages, as --verbose of crdump(8) has it; -1: as usual */
	struct words external, inherit;
};

/** request_set - Gives one of its texts a value. Returns: whether there was memory. */
bool request_set(char **text, const char *value);

/** request_log - The path of the log. Returns: NULL: there is none, or no memory; else the caller frees it. */
char *request_log(const struct request *request);

/**
 * request_words - The command line of crdump or crrestore that does it.
 * @words: empty; the caller frees them
 */
void request_words(const struct request *request, struct words *words);

/**
 * request_pass - Passes it on to crdump or crrestore.
 * @pass: program_run() or program_become()
 *
 * Returns: the exit status.
 */
int request_pass(const struct request *request, int (*pass)(char **argv));

/** request_free - Frees what a request owns. */
void request_free(struct request *request);

#endif
