/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for whom: processes wait for locks, and locks are held by processes.
 */
#ifndef CRLOCK_GRAPH_GRAPH_H
#define CRLOCK_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "locks/list.h"

/* What cycles are looked for in: a process or a lock. */
struct graph_node {
	size_t cycle; /* that it is a part of, from 1; 0: none */
	/* Of the search, see cycles.c: */
	size_t visit, low;
	struct graph_node *from;
	bool on_stack;
	bool is_lock; /* else a process */
};

struct graph_process {
	struct graph_node node;
	pid_t pid;
	const char *comm; /* NULL: unknown */
	struct graph_lock **held; /* that somebody waits for */
	size_t nr_held;
	struct graph_wait **waits;
	size_t nr_waits;
	size_t other_of; /* the last cycle that it is an other of */
	bool asked; /* of it, or of one that waits for it, the user wants to know */
};

/* A request that waits, or an open. */
struct graph_wait {
	const struct lock_waiter *waiter;
	struct graph_lock *lock;
	struct graph_process *process; /* NULL: unknown */
	struct graph_wait *before; /* the request that it waits behind, NULL: none */
};

/* A lock that somebody waits for. */
struct graph_lock {
	struct graph_node node;
	const struct lock *lock;
	struct graph_process **holders; /* who can let go, each once */
	size_t nr_holders;
	bool has_unseen; /* holders that are no process, or none that is visible from here */
	struct graph_wait *waits; /* in the kernel's order: those behind a request follow it */
	size_t nr_waits;
	bool chosen; /* to be shown */
	bool shown;
};

/* A cycle, one of the shortest of those that have processes or locks in common. */
struct graph_cycle {
	struct graph_process **processes; /* each waits for the next, the last for the first */
	size_t nr;
	struct graph_process *
		*others; /* who holds a lock that one of them waits for, too, and is not in it */
	size_t nr_others;
	bool has_unseen; /* there are others that are not known */
};

struct graph {
	struct graph_process **processes;
	size_t nr_processes;
	struct graph_lock *locks;
	size_t nr_locks;
	struct graph_cycle *cycles; /* cycle N is N - 1 */
	size_t nr_cycles;
};

/**
 * graph_make - Makes a graph of locks with their waiters.
 * @graph: the caller frees it with graph_free(), also after an error
 * @list: stays what the graph refers to
 * @query: which locks are to be shown
 *
 * Returns: 0 or -ENOMEM.
 */
int graph_make(struct graph *graph, const struct lock_list *list, const struct lock_query *query);

/** graph_free - Frees what a graph owns. */
void graph_free(struct graph *graph);

/** graph_find_cycles - Finds the cycles of a graph that is otherwise made. Returns: 0 or -ENOMEM. */
int graph_find_cycles(struct graph *graph);

/** graph_cycle_of - The cycle that a process is in by waiting for this, 0: none. */
size_t graph_cycle_of(const struct graph_wait *wait);

/** graph_cycle_chosen - Whether a cycle has a lock that is to be shown. */
bool graph_cycle_chosen(const struct graph *graph, size_t cycle);

#endif
