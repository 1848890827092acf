// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The graph as trees: beneath a lock are those who wait for it, beneath each of them those who wait behind
 * it, and the locks that it holds itself. A lock comes once with all that is beneath it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "crlock/graph/print.h"
#include "crlock/graph/names.h"

/* Each line has as many blanks before it: what is deeper than this stands on this level. */
#define LEVELS_MAX 40

struct tree {
	struct graph *graph;
	struct libscols_table *table;
	bool failed;
};

static struct libscols_line *add_line(struct tree *tree, struct libscols_line *parent,
				      struct lock_buffer *text)
{
	struct libscols_line *line = tree->failed ? NULL : scols_table_new_line(tree->table, parent);

	if (!line || text->failed || scols_line_set_data(line, 0, lock_buffer_text(text)))
		tree->failed = true;
	lock_buffer_free(text);
	return line;
}

static struct libscols_line *add_lock_line(struct tree *tree, struct libscols_line *parent,
					   const struct graph_lock *lock, const char *instead)
{
	struct lock_buffer text = { 0 };

	graph_name_lock(&text, lock->lock);
	lock_buffer_add(&text, " of ");
	graph_name_file(&text, lock->lock, lock_buffer_printable);
	/* Within a tree it is plain who holds it. */
	if (!parent && !lock->nr_holders)
		lock_buffer_add(&text, " held by ?");
	for (size_t i = 0; !parent && i < lock->nr_holders; i++) {
		lock_buffer_add(&text, i ? ", " : " held by ");
		graph_name_process(&text, lock->holders[i], lock_buffer_printable);
	}
	lock_buffer_add(&text, instead);
	return add_line(tree, parent, &text);
}

static struct libscols_line *add_wait_line(struct tree *tree, struct libscols_line *parent,
					   const struct graph_wait *wait)
{
	struct lock_buffer text = { 0 };
	size_t cycle = graph_cycle_of(wait);

	graph_name_process(&text, wait->process, lock_buffer_printable);
	lock_buffer_add(&text, " waits ");
	graph_name_request(&text, wait);
	if (wait->before && wait->waiter->depth > LEVELS_MAX) {
		lock_buffer_add(&text, " behind ");
		graph_name_process(&text, wait->before->process, lock_buffer_printable);
	}
	if (cycle)
		lock_buffer_format(&text, " [cycle %zu]", cycle);
	return add_line(tree, parent, &text);
}

static void add_lock(struct tree *tree, struct graph_lock *lock, struct libscols_line *parent,
		     unsigned int level);

static void add_held(struct tree *tree, const struct graph_process *process, struct libscols_line *parent,
		     unsigned int level)
{
	for (size_t i = 0; process && i < process->nr_held; i++) {
		if (process->held[i]->chosen)
			add_lock(tree, process->held[i], parent, level);
	}
}

/* The line that those on a level stand beneath. */
static unsigned int level_of(const struct graph_wait *wait)
{
	unsigned int depth = wait->before ? wait->waiter->depth : 1;

	return depth < LEVELS_MAX ? depth : LEVELS_MAX;
}

static void add_lock(struct tree *tree, struct graph_lock *lock, struct libscols_line *parent,
		     unsigned int level)
{
	struct libscols_line *lines[LEVELS_MAX + 1] = { NULL };

	if (lock->shown || level > LEVELS_MAX) {
		add_lock_line(tree, parent, lock, lock->shown ? " (above)" : " (below)");
		return;
	}
	lock->shown = true;
	lines[0] = add_lock_line(tree, parent, lock, "");
	for (size_t i = 0; !tree->failed && i < lock->nr_waits; i++) {
		unsigned int at = level_of(&lock->waits[i]);

		lines[at] = add_wait_line(tree, lines[at - 1], &lock->waits[i]);
		add_held(tree, lock->waits[i].process, lines[at], level + at);
	}
}

/* Trees -------------------------------------------------------------------------------------------- */

/* Whether it is to be found beneath one that its holder waits for. */
static bool is_beneath(const struct graph_lock *lock)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct graph_process *holder = lock->holders[i];

		for (size_t j = 0; j < holder->nr_waits; j++) {
			if (holder->waits[j]->lock->chosen)
				return true;
		}
	}
	return false;
}

/* In a cycle each is beneath the other: one of them must be on top. */
static void add_trees(struct tree *tree)
{
	struct graph *graph = tree->graph;

	for (size_t i = 0; i < graph->nr_locks; i++) {
		if (graph->locks[i].chosen && !is_beneath(&graph->locks[i]))
			add_lock(tree, &graph->locks[i], NULL, 0);
	}
	for (size_t i = 0; i < graph->nr_locks; i++) {
		if (graph->locks[i].chosen && !graph->locks[i].shown)
			add_lock(tree, &graph->locks[i], NULL, 0);
	}
}

static int print_trees(struct graph *graph)
{
	struct tree tree = { .graph = graph, .table = scols_new_table() };

	if (!tree.table || !scols_table_new_column(tree.table, "", 0, SCOLS_FL_TREE)) {
		scols_unref_table(tree.table);
		return -ENOMEM;
	}
	scols_table_enable_noheadings(tree.table, 1);
	/* Cells are printable as they are, and not cut to the width of a terminal. */
	scols_table_enable_noencoding(tree.table, 1);
	scols_table_set_termforce(tree.table, SCOLS_TERMFORCE_NEVER);
	add_trees(&tree);
	if (!tree.failed && scols_print_table(tree.table))
		tree.failed = true;
	scols_unref_table(tree.table);
	return tree.failed ? -ENOMEM : 0;
}

static int print_cycles(const struct graph *graph)
{
	struct lock_buffer text = { 0 };
	bool failed;

	for (size_t i = 0; i < graph->nr_cycles; i++) {
		if (!graph_cycle_chosen(graph, i + 1))
			continue;
		lock_buffer_clear(&text);
		graph_name_cycle(&text, &graph->cycles[i], lock_buffer_printable);
		printf("cycle %zu: %s\n", i + 1, lock_buffer_text(&text));
	}
	failed = text.failed;
	lock_buffer_free(&text);
	return failed ? -ENOMEM : 0;
}

int graph_print_tree(struct graph *graph)
{
	return print_trees(graph) ?: print_cycles(graph);
}
