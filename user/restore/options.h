/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_OPTIONS_H
#define RESTORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "restore/files/files.h"

enum on_conflict {
	ON_CONFLICT_FAIL,
	ON_CONFLICT_WAIT,
	ON_CONFLICT_SKIP,
};

/* A dumped process and the one that gets its locks. */
struct pid_pair {
	pid_t old;
	pid_t new;
};

struct options {
	bool locks_only;
	bool detached; /* crrestore ends when the processes go on */
	bool sibling; /* the first process becomes a child of crrestore's parent */
	bool shell_job; /* it stays in this session, with this terminal */
	bool no_verify; /* images may have been changed since they were written */
	bool check; /* only say what is in the way */
	const char *root; /* directory that paths begin at; NULL: / */
	const char *pidfile;
	const char *action_script; /* is told of what happens */
	bool verbose;
	struct restore_inherit *inherit; /* what a descriptor of this program stands for */
	size_t nr_inherit;
	const char *dir; /* NULL: the stream goes to a private one */
	bool stream; /* from standard input */
	struct pid_pair *pairs;
	size_t nr_pairs;
	pid_t pid; /* gets the locks of processes that no pair names; 0: there is none */
	pid_t *tasks; /* dumped processes that are wanted; none: all */
	size_t nr_tasks;
	enum on_conflict on_conflict;
	double wait_seconds; /* negative: without limit */
	char **command; /* NULL: processes are given */
};

#define OPTIONS_DONE (-1)

/**
 * options_read - Reads the command line; says what is wrong with it.
 * @options: the caller frees it with options_free(), also after an error
 *
 * Returns: OPTIONS_DONE to go on, else the exit status.
 */
int options_read(struct options *options, int argc, char **argv);

/** options_free - Frees what options own. */
void options_free(struct options *options);

#endif
