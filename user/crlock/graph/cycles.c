// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds who waits for whom in a circle: the strongly connected components of the graph (Tarjan 1972), without
 * recursion, since chains can be as long as there are processes.
 */
#include <errno.h>
#include <stdlib.h>

#include "crlock/graph/graph.h"
#include "locks/append.h"

/* Nodes -------------------------------------------------------------------------------------------- */

static struct graph_lock *as_lock(struct graph_node *node)
{
	return (struct graph_lock *)((char *)node - offsetof(struct graph_lock, node));
}

static struct graph_process *as_process(struct graph_node *node)
{
	return (struct graph_process *)((char *)node - offsetof(struct graph_process, node));
}

/* Who waits behind another thread's request of its own process does not wait for itself. */
static struct graph_node *request_before(const struct graph_wait *wait)
{
	const struct graph_wait *before = wait->before;

	if (!before || !before->process || before->process == wait->process)
		return NULL;
	return &before->process->node;
}

/* The next node that one waits for. @at: which, from 0. Returns: it, or NULL: there is no more. */
static struct graph_node *next_of(struct graph_node *node, size_t *at)
{
	struct graph_process *process;
	struct graph_lock *lock;

	if (node->is_lock) {
		lock = as_lock(node);
		return *at < lock->nr_holders ? &lock->holders[(*at)++]->node : NULL;
	}
	process = as_process(node);
	while (*at < 2 * process->nr_waits) {
		struct graph_wait *wait = process->waits[*at / 2];
		struct graph_node *next = (*at)++ % 2 ? request_before(wait) : &wait->lock->node;

		if (next)
			return next;
	}
	return NULL;
}

/* Components --------------------------------------------------------------------------------------- */

/* A node whose neighbours are being looked at. */
struct step {
	struct graph_node *node;
	size_t at;
};

struct search {
	struct graph *graph;
	size_t visited;
	struct step *steps;
	size_t nr_steps;
	struct graph_node **stack;
	size_t nr_stack;
};

static int enter(struct search *search, struct graph_node *node)
{
	struct step step = { .node = node };

	node->visit = node->low = ++search->visited;
	node->on_stack = true;
	return append(search->steps, search->nr_steps, step) ?: append(search->stack, search->nr_stack, node);
}

/* Takes a component off the stack. One of a single node is no cycle. */
static void take_component(struct search *search, const struct graph_node *first)
{
	size_t start = search->nr_stack, cycle = 0;

	while (search->stack[--start] != first)
		;
	if (search->nr_stack - start > 1)
		cycle = ++search->graph->nr_cycles;
	for (size_t i = start; i < search->nr_stack; i++) {
		search->stack[i]->on_stack = false;
		search->stack[i]->cycle = cycle;
	}
	search->nr_stack = start;
}

static void lower(struct graph_node *node, size_t low)
{
	if (low < node->low)
		node->low = low;
}

static void leave(struct search *search)
{
	struct graph_node *node = search->steps[--search->nr_steps].node;

	if (node->low == node->visit)
		take_component(search, node);
	else if (search->nr_steps)
		lower(search->steps[search->nr_steps - 1].node, node->low);
}

static int visit(struct search *search, struct graph_node *node)
{
	int err = node->visit ? 0 : enter(search, node);

	while (!err && search->nr_steps) {
		struct step *step = &search->steps[search->nr_steps - 1];
		struct graph_node *next = next_of(step->node, &step->at);

		if (!next)
			leave(search);
		else if (!next->visit)
			err = enter(search, next);
		else if (next->on_stack)
			lower(step->node, next->visit);
	}
	return err;
}

static int find_components(struct graph *graph)
{
	struct search search = { .graph = graph };
	int err = 0;

	for (size_t i = 0; !err && i < graph->nr_processes; i++)
		err = visit(&search, &graph->processes[i]->node);
	free(search.steps);
	free(search.stack);
	return err;
}

/* Cycles ------------------------------------------------------------------------------------------- */

static void reverse(struct graph_process **processes, size_t nr)
{
	for (size_t i = 0; i < nr / 2; i++) {
		struct graph_process *process = processes[i];

		processes[i] = processes[nr - 1 - i];
		processes[nr - 1 - i] = process;
	}
}

/* @last: waits for the first one, to which from leads. */
static int set_processes(struct graph_cycle *cycle, struct graph_node *last)
{
	int err = 0;

	for (; !err && last; last = last->from) {
		if (!last->is_lock)
			err = append(cycle->processes, cycle->nr, as_process(last));
	}
	reverse(cycle->processes, cycle->nr);
	return err;
}

/* Goes, breadth first, from a node of a cycle to itself. */
static int find_shortest(struct graph_cycle *cycle, struct graph_node *first)
{
	struct graph_node **queue = NULL, *next;
	size_t nr = 0;
	int err = append(queue, nr, first);

	for (size_t i = 0; !err && !cycle->nr && i < nr; i++) {
		size_t at = 0;

		while (!err && (next = next_of(queue[i], &at)) && next != first) {
			if (next->cycle != first->cycle || next->from)
				continue;
			next->from = queue[i];
			err = append(queue, nr, next);
		}
		if (!err && next)
			err = set_processes(cycle, queue[i]);
	}
	free(queue);
	return err;
}

static int add_others(struct graph_cycle *cycle, size_t number, const struct graph_lock *lock)
{
	int err = 0;

	cycle->has_unseen |= lock->has_unseen;
	for (size_t i = 0; !err && i < lock->nr_holders; i++) {
		struct graph_process *holder = lock->holders[i];

		if (holder->node.cycle == number || holder->other_of == number)
			continue;
		holder->other_of = number;
		err = append(cycle->others, cycle->nr_others, holder);
	}
	return err;
}

static int find_others(struct graph *graph)
{
	int err = 0;

	for (size_t i = 0; !err && i < graph->nr_locks; i++) {
		struct graph_lock *lock = &graph->locks[i];

		if (lock->node.cycle)
			err = add_others(&graph->cycles[lock->node.cycle - 1], lock->node.cycle, lock);
	}
	return err;
}

int graph_find_cycles(struct graph *graph)
{
	int err = find_components(graph);

	graph->cycles = calloc(graph->nr_cycles + 1, sizeof(*graph->cycles));
	if (!graph->cycles) {
		graph->nr_cycles = 0;
		return -ENOMEM;
	}
	for (size_t i = 0; !err && i < graph->nr_processes; i++) {
		struct graph_node *node = &graph->processes[i]->node;

		if (node->cycle && !graph->cycles[node->cycle - 1].nr)
			err = find_shortest(&graph->cycles[node->cycle - 1], node);
	}
	return err ?: find_others(graph);
}

size_t graph_cycle_of(const struct graph_wait *wait)
{
	const struct graph_process *process = wait->process;

	return process && process->node.cycle == wait->lock->node.cycle ? process->node.cycle : 0;
}

bool graph_cycle_chosen(const struct graph *graph, size_t cycle)
{
	for (size_t i = 0; i < graph->nr_locks; i++) {
		if (graph->locks[i].chosen && graph->locks[i].node.cycle == cycle)
			return true;
	}
	return false;
}
