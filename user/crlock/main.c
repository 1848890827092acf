// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock - lists and watches file locks, and shows checkpoints.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "crlock/command.h"
#include "crlock/say.h"
#include "procfs/standard.h"

static const struct command commands[] = {
	{ "graph", "show who waits for whom", run_graph },
	{ "info", "show what the kernel module says of itself", run_info },
	{ "ls", "list file locks with their holders and waiters", run_ls },
	{ "monitor", "tell what happens to file locks, as it happens", run_monitor },
	{ "show", "show what a checkpoint has in it", run_show },
	{ "top", "show which locks are contended for, again and again", run_top },
	{ "verify", "compare what /proc says of locks with what the module does", run_verify },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(*commands))

static int help(void)
{
	printf("usage: crlock [-o FILE] [--log-json] COMMAND [OPTION...]\n\nCommands:\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions before the command:\n"
	       "  -o, --log-file FILE  write there what would be said on standard error\n"
	       "      --log-json       an object of JSON for each message, in place of text\n"
	       "  -h, --help           show this, or with a command what it takes\n"
	       "  -V, --version        show the version\n\n"
	       "See crlock(8).\n");
	return say_written();
}

static int version(void)
{
	printf("crlock %s\n", CRLOCK_VERSION);
	return say_written();
}

#define OPTION_LOG_JSON 256

/* What takes no more words gives the exit status. */
#define GO_ON (-1)

static int take_option(int option, const char *word)
{
	switch (option) {
	case 'o':
		return say_log_file(optarg) ?: GO_ON;
	case OPTION_LOG_JSON:
		say_json();
		return GO_ON;
	case 'h':
		return help();
	case 'V':
		return version();
	case ':':
		return say_usage("%s: needs a value", word);
	default:
		return say_usage("%s: no such option", word);
	}
}

/* Those before the command: what follows it is its own. */
static int read_options(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "log-file", required_argument, NULL, 'o' },
		{ "log-json", no_argument, NULL, OPTION_LOG_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int option, status = GO_ON;

	opterr = 0;
	while (status == GO_ON && (option = getopt_long(argc, argv, "+:o:hV", long_options, NULL)) != -1)
		status = take_option(option, argv[optind - 1]);
	return status;
}

static int run(int argc, char **argv)
{
	if (!argc)
		return say_usage("no command");
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		/* As if nothing had been read yet. */
		optind = 0;
		return commands[i].run(argc, argv);
	}
	return say_usage("%s: no such command", argv[0]);
}

int main(int argc, char **argv)
{
	int status;

	proc_hold_standard();
	setlocale(LC_ALL, "");
	say_as("crlock");
	status = read_options(argc, argv);
	return status == GO_ON ? run(argc - optind, argv + optind) : status;
}
