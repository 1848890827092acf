// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock graph - shows who waits for whom.
 */
#include <errno.h>
#include <string.h>

#include "crlock/command.h"
#include "crlock/graph/print.h"
#include "crlock/options.h"
#include "crlock/query.h"
#include "crlock/say.h"

struct options {
	struct query query;
	bool dot, svg, help;
};

static int print_help(void)
{
	printf("usage: crlock graph [OPTION...]\n\n"
	       "Shows who waits for whom: locks, beneath them processes that wait, and beneath\n"
	       "these the locks that they hold themselves. Cycles are marked.\n\n"
	       "  -d, --dot             the language of graphviz\n"
	       "  -S, --svg             a picture, which dot(1) of graphviz draws\n"
	       "  -p, --pid PID[,...]   only locks that one of these holds, or waits for,\n"
	       "                        also by way of others\n"
	       "  -f, --file PATH       only locks of this file\n"
	       "  -k, --kind KIND[,...] only of these: flock, posix, ofd, lease, deleg, layout\n"
	       "  -s, --source SOURCE   kmod: the kernel module; proc: /proc; auto, the default:\n"
	       "                        the module if it can be asked, else /proc\n"
	       "      --no-load         do not load the module if it is not loaded\n"
	       "  -h, --help\n\n"
	       "Exit status: 0; 1: failure; 2: bad usage; 3: the module is not loaded (kmod);\n"
	       "4: the module has another ABI (kmod). See crlock-graph(8).\n");
	return say_written();
}

static int take_option(void *data, int option)
{
	struct options *options = data;

	switch (option) {
	case 'd':
		options->dot = true;
		return STATUS_OK;
	case 'S':
		options->svg = true;
		return STATUS_OK;
	case 'h':
		options->help = true;
		return STATUS_OK;
	default:
		return query_take_option(&options->query, option);
	}
}

static int parse(struct options *options, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "dot", no_argument, NULL, 'd' },
		{ "svg", no_argument, NULL, 'S' },
		QUERY_LONG_OPTIONS,
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int status = options_each(argc, argv, ":dSh" QUERY_OPTIONS, long_options, take_option, options);

	if (!status && options->dot && options->svg)
		status = say_usage("--dot and --svg: one or the other");
	return status;
}

static int print(const struct options *options, struct graph *graph)
{
	int err, status;

	if (options->svg)
		return graph_print_svg(graph);
	err = options->dot ? graph_print_dot(graph, stdout) : graph_print_tree(graph);
	status = say_written();
	if (err)
		say("%s", strerror(-err));
	return err ? STATUS_FAILURE : status;
}

static int show(const struct options *options, const struct lock_list *list)
{
	struct graph graph;
	int err = graph_make(&graph, list, &options->query.query), status;

	if (err) {
		say("%s", strerror(-err));
		status = STATUS_FAILURE;
	} else {
		status = print(options, &graph);
	}
	graph_free(&graph);
	return status;
}

/* All locks are read: a cycle can lead through those that are not to be shown. */
static int graph(struct options *options)
{
	static const struct lock_query all = {
		.details = LOCK_DETAIL_COMM | LOCK_DETAIL_PATH | LOCK_DETAIL_WAITERS,
	};
	struct lock_list list;
	int status = query_find_file(&options->query) ?: query_check_pids(&options->query);

	if (status)
		return status;
	status = query_read(&options->query, &all, &list) ?: show(options, &list);
	lock_list_free(&list);
	return status;
}

int run_graph(int argc, char **argv)
{
	struct options options = { 0 };
	int status = parse(&options, argc, argv);

	if (!status)
		status = options.help ? print_help() : graph(&options);
	query_free(&options.query);
	return status;
}
