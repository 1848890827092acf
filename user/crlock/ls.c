// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock ls - lists file locks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crlock/colour.h"
#include "crlock/command.h"
#include "crlock/options.h"
#include "crlock/output.h"
#include "crlock/query.h"
#include "crlock/say.h"

struct options {
	struct output output;
	struct query query;
	bool help, list_columns;
};

/* Options ------------------------------------------------------------------------------------------ */

enum {
	OPTION_LIST_COLUMNS = 256,
	OPTION_COLOR,
};

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "output-all", no_argument, NULL, 'O' },
	{ "list-columns", no_argument, NULL, OPTION_LIST_COLUMNS },
	{ "json", no_argument, NULL, 'J' },
	{ "raw", no_argument, NULL, 'r' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "notruncate", no_argument, NULL, 'u' },
	{ "color", optional_argument, NULL, OPTION_COLOR },
	QUERY_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int print_help(void)
{
	printf("usage: crlock ls [OPTION...]\n\n"
	       "Lists file locks with their holders and waiters.\n\n"
	       "  -o, --output COLUMNS  these columns, separated by commas; +COLUMNS: these too\n"
	       "  -O, --output-all      all columns\n"
	       "      --list-columns    say which there are\n"
	       "  -J, --json            JSON\n"
	       "  -r, --raw             words separated by single blanks, \"-\" for what is empty\n"
	       "  -n, --noheadings      no line of column names\n"
	       "  -u, --notruncate      do not cut columns to the width of the terminal\n"
	       "      --color[=WHEN]    " COLOUR_WHEN "\n"
	       "  -p, --pid PID[,...]   only locks that one of these processes holds\n"
	       "  -f, --file PATH       only locks of this file\n"
	       "  -k, --kind KIND[,...] only of these: flock, posix, ofd, lease, deleg, layout\n"
	       "  -s, --source SOURCE   kmod: the kernel module; proc: /proc; auto, the default:\n"
	       "                        the module if it can be asked, else /proc\n"
	       "      --no-load         do not load the module if it is not loaded\n"
	       "  -h, --help\n\n"
	       "Exit status: 0; 1: failure; 2: bad usage; 3: the module is not loaded (kmod);\n"
	       "4: the module has another ABI (kmod). See crlock-ls(8).\n");
	return say_written();
}

static int list_columns(void)
{
	for (size_t i = 0; i < nr_columns; i++)
		printf("%-10s %s\n", columns[i].name, columns[i].help);
	return say_written();
}

static int take_option(void *data, int option)
{
	struct options *options = data;

	switch (option) {
	case 'o':
		return columns_choose(&options->output.columns, optarg);
	case 'O':
		columns_choose_all(&options->output.columns);
		return STATUS_OK;
	case OPTION_LIST_COLUMNS:
		options->list_columns = true;
		return STATUS_OK;
	case 'J':
		options->output.json = true;
		return STATUS_OK;
	case 'r':
		options->output.raw = true;
		return STATUS_OK;
	case 'n':
		options->output.no_headings = true;
		return STATUS_OK;
	case 'u':
		options->output.no_truncate = true;
		return STATUS_OK;
	case OPTION_COLOR:
		return colour_take(optarg);
	case 'h':
		options->help = true;
		return STATUS_OK;
	default:
		return query_take_option(&options->query, option);
	}
}

static int parse(struct options *options, int argc, char **argv)
{
	int status = options_each(argc, argv, ":o:OJrnuh" QUERY_OPTIONS, long_options, take_option, options);

	if (!status && options->output.json && options->output.raw)
		status = say_usage("--json and --raw: one or the other");
	return status;
}

/* Command ------------------------------------------------------------------------------------------ */

static int print(const struct output *output, const struct lock_list *locks)
{
	int err = output_list(output, locks);
	int status = say_written();

	if (err == -ENOMEM)
		say("%s", strerror(ENOMEM));
	return err ? STATUS_FAILURE : status;
}

static int list(struct options *options)
{
	struct lock_query *which = &options->query.query;
	struct lock_list locks;
	int status = query_find_file(&options->query);

	if (status)
		return status;
	which->details = columns_details(&options->output.columns);
	status = query_read(&options->query, which, &locks) ?: print(&options->output, &locks);
	lock_list_free(&locks);
	return status;
}

int run_ls(int argc, char **argv)
{
	struct options options = { 0 };
	int status;

	columns_choose_default(&options.output.columns);
	status = parse(&options, argc, argv);
	if (!status && options.help)
		status = print_help();
	else if (!status)
		status = options.list_columns ? list_columns() : list(&options);
	query_free(&options.query);
	return status;
}
