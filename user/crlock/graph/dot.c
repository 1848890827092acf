// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The graph for graphviz: boxes are processes, ovals locks. An arrow goes from who waits to the lock, and
 * from the lock to who holds it. Names are UTF-8, whatever the locale, for dot(1) reads that.
 */
#include <errno.h>

#include "crlock/graph/print.h"
#include "crlock/graph/names.h"

/* In a string of DOT, a label, where & begins the name of a character, too. */
static void print_quoted(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', to);
		if (*text == '&')
			fputs("&amp;", to);
		else
			putc(*text, to);
	}
}

static void print_process(FILE *to, const struct graph_process *process, struct lock_buffer *text)
{
	lock_buffer_clear(text);
	graph_name_process(text, process, lock_buffer_utf8);
	fprintf(to, "\tp%d [shape=box, label=\"", process->pid);
	print_quoted(to, lock_buffer_text(text));
	fprintf(to, "\"%s];\n", process->node.cycle ? ", color=red" : "");
}

static void print_lock(FILE *to, size_t number, const struct graph_lock *lock, struct lock_buffer *text)
{
	lock_buffer_clear(text);
	graph_name_lock(text, lock->lock);
	fprintf(to, "\tl%zu [label=\"", number);
	print_quoted(to, lock_buffer_text(text));
	fputs("\\n", to);
	lock_buffer_clear(text);
	graph_name_file(text, lock->lock, lock_buffer_utf8);
	print_quoted(to, lock_buffer_text(text));
	fprintf(to, "\"%s];\n", lock->node.cycle ? ", color=red" : "");
}

static const char *color(size_t cycle)
{
	return cycle ? ", color=red, fontcolor=red, penwidth=2" : "";
}

static void print_holders(FILE *to, size_t number, const struct graph_lock *lock)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct graph_process *holder = lock->holders[i];
		bool in_cycle = holder->node.cycle && holder->node.cycle == lock->node.cycle;

		fprintf(to, "\tl%zu -> p%d [label=\"held by\"%s];\n", number, holder->pid, color(in_cycle));
	}
	if (!lock->nr_holders)
		fprintf(to, "\tl%zuh [shape=box, label=\"?\"];\n\tl%zu -> l%zuh [label=\"held by\"];\n",
			number, number, number);
}

/* A name for a process; who is not known is another each time. */
static void print_waiter_name(FILE *to, size_t number, const struct graph_wait *wait)
{
	if (wait->process)
		fprintf(to, "p%d", wait->process->pid);
	else
		fprintf(to, "l%zuw%zu", number, (size_t)(wait - wait->lock->waits));
}

static void print_wait(FILE *to, size_t number, const struct graph_wait *wait, struct lock_buffer *text)
{
	if (!wait->process) {
		fputc('\t', to);
		print_waiter_name(to, number, wait);
		fputs(" [shape=box, label=\"?\"];\n", to);
	}
	lock_buffer_clear(text);
	graph_name_request(text, wait);
	fputc('\t', to);
	print_waiter_name(to, number, wait);
	fprintf(to, " -> l%zu [label=\"%s\"%s];\n", number, lock_buffer_text(text),
		color(graph_cycle_of(wait)));
	if (!wait->before)
		return;
	fputc('\t', to);
	print_waiter_name(to, number, wait);
	fputs(" -> ", to);
	print_waiter_name(to, number, wait->before);
	fputs(" [label=\"behind\", style=dashed, constraint=false];\n", to);
}

static bool is_shown(const struct graph_process *process)
{
	for (size_t i = 0; i < process->nr_held; i++) {
		if (process->held[i]->chosen)
			return true;
	}
	for (size_t i = 0; i < process->nr_waits; i++) {
		if (process->waits[i]->lock->chosen)
			return true;
	}
	return false;
}

static void print_edges(FILE *to, size_t number, const struct graph_lock *lock, struct lock_buffer *text)
{
	print_lock(to, number, lock, text);
	print_holders(to, number, lock);
	for (size_t i = 0; i < lock->nr_waits; i++)
		print_wait(to, number, &lock->waits[i], text);
}

int graph_print_dot(const struct graph *graph, FILE *to)
{
	struct lock_buffer text = { 0 };
	bool failed;

	fputs("digraph locks {\n\trankdir=LR;\n\tcharset=\"UTF-8\";\n", to);
	for (size_t i = 0; i < graph->nr_processes; i++) {
		if (is_shown(graph->processes[i]))
			print_process(to, graph->processes[i], &text);
	}
	for (size_t i = 0; i < graph->nr_locks; i++) {
		if (graph->locks[i].chosen)
			print_edges(to, i, &graph->locks[i], &text);
	}
	fputs("}\n", to);
	failed = text.failed;
	lock_buffer_free(&text);
	return failed ? -ENOMEM : 0;
}
