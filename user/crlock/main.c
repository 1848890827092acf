// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock - lists and watches file locks, and shows checkpoints.
 */
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
	printf("usage: crlock COMMAND [OPTION...]\n\nCommands:\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions:\n"
	       "  -h, --help     show this, or with a command what it takes\n"
	       "  -V, --version  show the version\n\n"
	       "See crlock(8).\n");
	return say_written();
}

static int version(void)
{
	printf("crlock %s\n", CRLOCK_VERSION);
	return say_written();
}

int main(int argc, char **argv)
{
	proc_hold_standard();
	setlocale(LC_ALL, "");
	if (argc < 2)
		return say_usage("no command");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return help();
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
		return version();
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	return say_usage("%s: no such command", argv[1]);
}
