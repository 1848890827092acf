/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_OPTIONS_H
#define DUMP_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "dump/finish.h"
#include "image/external.h"
#include "locks/list.h"

struct options {
	pid_t pid;
	const char *dir;
	bool stream; /* to standard output, instead of to a directory */
	enum lock_from from; /* also what else the module can tell */
	bool locks_only;
	bool check; /* only what stands in the way */
	bool external_locks;
	bool hold_locks; /* until they are restored */
	bool shell_job;
	bool precopy;
	enum finish finish; /* of a tree that was dumped */
	bool verbose;
	const char *action_script; /* is told of what happens */
	struct external *external; /* what need not be in the tree */
	size_t nr_external;
};

/**
 * options_parse - Reads the command line; what is wrong with it is printed.
 *
 * Returns: -1: go on; else the exit status.
 */
int options_parse(struct options *options, int argc, char **argv);

/** options_clear - Frees what options own. */
void options_clear(struct options *options);

#endif
