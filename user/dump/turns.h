/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns of threads that wait for locks: kept in what is dumped, and when the tree goes on.
 */
#ifndef DUMP_TURNS_H
#define DUMP_TURNS_H

#include "locks/queues.h"
#include "trace/tree.h"

/**
 * turns_read - Reads who waits for locks in a tree, which is not stopped yet: that ends the waits.
 * @queues: empty; the caller frees it with lock_queues_free()
 *
 * What cannot be read is said; nobody has a turn then.
 */
void turns_read(struct lock_queues *queues, pid_t root);

/** turns_settle - Drops who did not wait any more when the tree was stopped. */
void turns_settle(struct lock_queues *queues);

/** turns_take - Lets those who waited go on, in their order, before all others. */
void turns_take(const struct lock_queues *queues, struct trace_tree *tree);

#endif
