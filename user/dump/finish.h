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

/**
 * finish_tree - Ends the stop and frees what the tree owns.
 * @queues: who waited for locks, which is kept if the tree goes on
 * @ended: gets when the stop ended, or the processes were killed, as stats_now() has it; may be NULL
 *
 * Returns: 0, or -1 if some could not be killed or left stopped, which go on; it says so.
 */
int finish_tree(struct trace_tree *tree, const struct lock_queues *queues, enum finish how, uint64_t *ended);

#endif
