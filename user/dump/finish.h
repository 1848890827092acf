/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a stopped tree once it is dumped.
 */
#ifndef DUMP_FINISH_H
#define DUMP_FINISH_H

#include <stdint.h>

#include "locks/queues.h"
#include "trace/tree.h"

enum finish {
	FINISH_GO_ON,
	FINISH_STAY_STOPPED, /* as by SIGSTOP */
	FINISH_KILL, /* and wait until nothing is left of it */
};

enum finished {
	FINISHED,
	FINISHED_IN_PART, /* the others go on */
	FINISHED_NONE, /* all go on */
};

/**
 * finish_tree - Ends the stop and frees what the tree owns.
 * @queues: who waited for locks, which is kept if the tree goes on
 * @ended: gets when the stop ended, or the processes were killed, as stats_now() has it; may be NULL
 *
 * Returns: which were killed or left stopped as they were to be; it says which could not.
 */
enum finished finish_tree(struct trace_tree *tree, const struct lock_queues *queues, enum finish how,
			  uint64_t *ended);

#endif
