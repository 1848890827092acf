// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "crlock/graph/graph.h"
#include "locks/append.h"
#include "locks/cache.h"

struct making {
	struct graph *graph;
	struct lock_cache processes; /* by pid */
};

/* Processes ---------------------------------------------------------------------------------------- */

static struct graph_process *get_process(struct making *making, pid_t pid, const char *comm)
{
	void **cached = lock_cache_get(&making->processes, pid);
	struct graph *graph = making->graph;
	struct graph_process *process;

	if (!cached)
		return NULL;
	if (!*cached) {
		process = calloc(1, sizeof(*process));
		if (!process || append(graph->processes, graph->nr_processes, process)) {
			free(process);
			return NULL;
		}
		process->pid = pid;
		*cached = process;
	}
	process = *cached;
	process->comm = process->comm ?: comm;
	return process;
}

static int add_holder(struct making *making, struct graph_lock *lock, pid_t pid, const char *comm)
{
	struct graph_process *process;

	if (pid <= 0)
		return 0;
	process = get_process(making, pid, comm);
	if (!process)
		return -ENOMEM;
	/* The lock that a process got last is this one: it has more than one descriptor of it. */
	if (process->nr_held && process->held[process->nr_held - 1] == lock)
		return 0;
	return append(process->held, process->nr_held, lock)
		       ?: append(lock->holders, lock->nr_holders, process);
}

/*
 * A POSIX lock is its process's, or that of who shares the table of descriptors: others that have the
 * description, such as a child, cannot let go of it.
 */
static bool can_let_go(const struct lock *lock, const struct crlock_holder *holder)
{
	if (lock->row.kind != CRLOCK_KIND_POSIX)
		return true;
	if (lock->unknown & LOCK_UNKNOWN_ID)
		return holder->tgid == lock->row.pid;
	return holder->files_id == lock->row.owner_id;
}

static int add_holders(struct making *making, struct graph_lock *lock)
{
	const struct lock *held = lock->lock;

	for (size_t i = 0; i < held->nr_holders; i++) {
		const struct lock_holder *holder = &held->holders[i];

		if (!can_let_go(held, &holder->row))
			continue;
		lock->has_unseen |= holder->row.tgid <= 0;
		if (add_holder(making, lock, holder->row.tgid, holder->comm))
			return -ENOMEM;
	}
	if (lock->nr_holders || held->nr_holders)
		return 0;
	return add_holder(making, lock, held->row.pid, held->comm);
}

/* Waiters ------------------------------------------------------------------------------------------ */

/* The last one of the level above. A level that nobody is on is none: waiters came and went meanwhile. */
static struct graph_wait *find_before(struct graph_lock *lock, size_t at)
{
	unsigned int depth = lock->waits[at].waiter->depth;

	if (depth < 2)
		return NULL;
	/* Upwards, by way of those that the one before waits behind, if that is as deep or deeper. */
	for (struct graph_wait *wait = at ? &lock->waits[at - 1] : NULL; wait; wait = wait->before) {
		if (wait->waiter->depth < depth)
			return wait;
	}
	return NULL;
}

static int add_waits(struct making *making, struct graph_lock *lock)
{
	const struct lock *held = lock->lock;

	lock->waits = calloc(held->nr_waiters, sizeof(*lock->waits));
	if (!lock->waits)
		return -ENOMEM;
	for (size_t i = 0; i < held->nr_waiters; i++) {
		const struct lock_waiter *waiter = &held->waiters[i];
		struct graph_wait *wait = &lock->waits[i];

		wait->waiter = waiter;
		wait->lock = lock;
		lock->nr_waits++;
		wait->before = find_before(lock, i);
		if (waiter->pid <= 0)
			continue;
		wait->process = get_process(making, waiter->pid, waiter->comm);
		if (!wait->process || append(wait->process->waits, wait->process->nr_waits, wait))
			return -ENOMEM;
	}
	return 0;
}

/* What is to be shown ------------------------------------------------------------------------------ */

static void choose_all(struct graph *graph)
{
	for (size_t i = 0; i < graph->nr_locks; i++)
		graph->locks[i].chosen = true;
}

struct asked {
	struct graph_process **processes;
	size_t nr;
};

static int ask(struct asked *asked, struct graph_process *process)
{
	if (process->asked)
		return 0;
	process->asked = true;
	return append(asked->processes, asked->nr, process);
}

static int ask_holders(struct asked *asked, const struct graph_lock *lock)
{
	int err = 0;

	for (size_t i = 0; !err && i < lock->nr_holders; i++)
		err = ask(asked, lock->holders[i]);
	return err;
}

/* What a process waits for, and what those wait for that it waits for, and so on. */
static int choose_waited_for(struct asked *asked)
{
	int err = 0;

	for (size_t i = 0; !err && i < asked->nr; i++) {
		for (size_t j = 0; !err && j < asked->processes[i]->nr_waits; j++) {
			struct graph_lock *lock = asked->processes[i]->waits[j]->lock;

			lock->chosen = true;
			err = ask_holders(asked, lock);
		}
	}
	return err;
}

static int choose_by_process(struct graph *graph, const struct lock_query *query)
{
	struct asked asked = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < graph->nr_processes; i++) {
		struct graph_process *process = graph->processes[i];

		if (!lock_query_names(query, process->pid))
			continue;
		err = ask(&asked, process);
		for (size_t j = 0; j < process->nr_held; j++)
			process->held[j]->chosen = true;
	}
	err = err ?: choose_waited_for(&asked);
	free(asked.processes);
	return err;
}

static int choose(struct graph *graph, const struct lock_query *query)
{
	int err = 0;

	if (query->filter.nr_tgids)
		err = choose_by_process(graph, query);
	else
		choose_all(graph);
	for (size_t i = 0; i < graph->nr_locks; i++)
		graph->locks[i].chosen &= lock_query_wants(query, graph->locks[i].lock);
	return err;
}

/* Graph -------------------------------------------------------------------------------------------- */

static int add_locks(struct making *making, const struct lock_list *list)
{
	struct graph *graph = making->graph;
	size_t nr = 0;
	int err = 0;

	for (size_t i = 0; i < list->nr; i++)
		nr += list->locks[i].nr_waiters > 0;
	graph->locks = calloc(nr + 1, sizeof(*graph->locks));
	if (!graph->locks)
		return -ENOMEM;
	for (size_t i = 0; !err && i < list->nr; i++) {
		struct graph_lock *lock = &graph->locks[graph->nr_locks];

		if (!list->locks[i].nr_waiters)
			continue;
		graph->nr_locks++;
		lock->node.is_lock = true;
		lock->lock = &list->locks[i];
		err = add_holders(making, lock) ?: add_waits(making, lock);
	}
	return err;
}

int graph_make(struct graph *graph, const struct lock_list *list, const struct lock_query *query)
{
	struct making making = { .graph = graph };
	int err;

	*graph = (struct graph){ 0 };
	err = add_locks(&making, list);
	lock_cache_free(&making.processes, NULL);
	return err ?: graph_find_cycles(graph) ?: choose(graph, query);
}

void graph_free(struct graph *graph)
{
	for (size_t i = 0; i < graph->nr_cycles; i++) {
		free(graph->cycles[i].processes);
		free(graph->cycles[i].others);
	}
	for (size_t i = 0; i < graph->nr_locks; i++) {
		free(graph->locks[i].holders);
		free(graph->locks[i].waits);
	}
	for (size_t i = 0; i < graph->nr_processes; i++) {
		free(graph->processes[i]->held);
		free(graph->processes[i]->waits);
		free(graph->processes[i]);
	}
	free(graph->cycles);
	free(graph->locks);
	free(graph->processes);
	*graph = (struct graph){ 0 };
}
