// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock ls - lists file locks.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/command.h"
#include "crlock/output.h"
#include "crlock/say.h"
#include "locks/list.h"
#include "procfs/file.h"

struct options {
	struct output output;
	struct lock_query query;
	const char *file;
	enum lock_from from;
	bool help;
};

/* Options ------------------------------------------------------------------------------------------ */

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "output-all", no_argument, NULL, 'O' },
	{ "json", no_argument, NULL, 'J' },
	{ "raw", no_argument, NULL, 'r' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "notruncate", no_argument, NULL, 'u' },
	{ "pid", required_argument, NULL, 'p' },
	{ "file", required_argument, NULL, 'f' },
	{ "kind", required_argument, NULL, 'k' },
	{ "source", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int print_help(void)
{
	printf("usage: crlock ls [OPTION...]\n\n"
	       "Lists file locks with their holders and waiters.\n\n"
	       "  -o, --output COLUMNS  these columns, separated by commas; +COLUMNS: these too\n"
	       "  -O, --output-all      all columns\n"
	       "  -J, --json            JSON\n"
	       "  -r, --raw             words separated by single blanks, \"-\" for what is empty\n"
	       "  -n, --noheadings      no line of column names\n"
	       "  -u, --notruncate      do not cut columns to the width of the terminal\n"
	       "  -p, --pid PID[,...]   only locks that one of these processes holds\n"
	       "  -f, --file PATH       only locks of this file\n"
	       "  -k, --kind KIND[,...] only locks of these kinds: flock, posix, ofd, lease, deleg,\n"
	       "                        layout\n"
	       "  -s, --source SOURCE   kmod: from the kernel module; proc: from /proc; auto: from\n"
	       "                        the module if it can be asked, else from /proc; default auto\n"
	       "  -h, --help\n\nColumns:\n");
	for (size_t i = 0; i < nr_columns; i++)
		printf("  %-10s %s\n", columns[i].name, columns[i].help);
	printf("\nExit status: 0; 1: failure; 2: bad usage; 3: the module is not loaded (kmod);\n"
	       "4: the module has another ABI (kmod). See crlock-ls(1).\n");
	return say_written();
}

/* Calls a function for each word of a list that is separated by commas. */
static int each_word(struct options *options, const char *list,
		     int (*take)(struct options *options, struct proc_text word))
{
	struct proc_text rest = proc_text(list, strlen(list)), word;
	int status;

	while (proc_text_field(&rest, ',', &word)) {
		status = take(options, word);
		if (status)
			return status;
	}
	return take(options, rest);
}

static int take_pid(struct options *options, struct proc_text word)
{
	struct crlock_filter *filter = &options->query.filter;
	pid_t *tgids = (pid_t *)filter->tgids;
	uint64_t pid;

	if (!proc_text_unsigned(word, 10, INT_MAX, &pid) || !pid)
		return say_usage("%.*s: not a process id", (int)proc_text_len(word), word.at);
	tgids = reallocarray(tgids, filter->nr_tgids + 1, sizeof(*tgids));
	if (!tgids) {
		say("%s", strerror(ENOMEM));
		return STATUS_FAILURE;
	}
	tgids[filter->nr_tgids++] = pid;
	filter->tgids = tgids;
	return STATUS_OK;
}

static int take_kind(struct options *options, struct proc_text word)
{
	char name[16];
	int kind = -1;

	if (proc_text_len(word) < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)proc_text_len(word), word.at);
		kind = lock_kind_parse(name);
	}
	if (kind < 0)
		return say_usage("%.*s: not a kind of lock", (int)proc_text_len(word), word.at);
	options->query.filter.kinds |= 1U << kind;
	return STATUS_OK;
}

static int take_columns(struct options *options, const char *names)
{
	char *bad = NULL;
	int err = columns_choose(&options->output.columns, names, &bad);
	int status = STATUS_OK;

	if (err == -E2BIG)
		status = say_usage("%s: too many columns", names);
	else if (err)
		status = say_usage("%s: no such column", bad ?: names);
	free(bad);
	return status;
}

static int take_source(struct options *options, const char *name)
{
	int from = lock_from_parse(name);

	if (from < 0)
		return say_usage("%s: not a source: auto, kmod or proc", name);
	options->from = from;
	return STATUS_OK;
}

static int take_file(struct options *options, const char *path)
{
	if (options->file)
		return say_usage("%s: one file at a time", path);
	options->file = path;
	return STATUS_OK;
}

static int take_option(struct options *options, int option)
{
	switch (option) {
	case 'o':
		return take_columns(options, optarg);
	case 'O':
		columns_choose_all(&options->output.columns);
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
	case 'p':
		return each_word(options, optarg, take_pid);
	case 'f':
		return take_file(options, optarg);
	case 'k':
		return each_word(options, optarg, take_kind);
	case 's':
		return take_source(options, optarg);
	case 'h':
		options->help = true;
		return STATUS_OK;
	default:
		return STATUS_USAGE;
	}
}

static int parse(struct options *options, int argc, char **argv)
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":o:OJrnup:f:k:s:h", long_options, NULL)) != -1) {
		if (option == ':')
			return say_usage("%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		status = take_option(options, option);
		if (status)
			return status;
	}
	if (optind < argc)
		return say_usage("%s: not an option", argv[optind]);
	if (options->output.json && options->output.raw)
		return say_usage("--json and --raw: one or the other");
	return STATUS_OK;
}

/* Command ------------------------------------------------------------------------------------------ */

/* Of /proc, the same errors say nothing about the module. */
static int status_of(int err, enum lock_from from)
{
	if (from == LOCK_FROM_KMOD && err == -ENOENT)
		return STATUS_NO_MODULE;
	if (from == LOCK_FROM_KMOD && err == -EPROTO)
		return STATUS_FOREIGN_ABI;
	return STATUS_FAILURE;
}

static int list(struct options *options)
{
	struct lock_report report;
	struct lock_list locks;
	int err, status;

	if (!proc_is_ours()) {
		say("/proc is that of another pid namespace");
		return STATUS_FAILURE;
	}
	err = options->file ? lock_query_file(&options->query, options->file) : 0;
	if (err) {
		say("%s: %s", options->file, strerror(-err));
		return STATUS_FAILURE;
	}
	options->query.details = columns_details(&options->output.columns);
	err = lock_list_read(&locks, &options->query, options->from, &report);
	if (err) {
		say("%s", report.error);
		status = status_of(err, options->from);
	} else {
		if (*report.lacking)
			say("%s", report.lacking);
		err = output_list(&options->output, &locks);
		status = say_written();
		if (err == -ENOMEM)
			say("%s", strerror(ENOMEM));
		if (err)
			status = STATUS_FAILURE;
	}
	lock_list_free(&locks);
	return status;
}

int run_ls(int argc, char **argv)
{
	struct options options = { 0 };
	int status;

	columns_choose_default(&options.output.columns);
	status = parse(&options, argc, argv);
	if (!status)
		status = options.help ? print_help() : list(&options);
	free((void *)options.query.filter.tgids);
	return status;
}
