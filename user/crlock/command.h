/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_COMMAND_H
#define CRLOCK_COMMAND_H

/* A command: one file each, and a line in the table of main.c. */
struct command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv); /* like main(), with the command's name as argv[0] */
};

int run_graph(int argc, char **argv);
int run_info(int argc, char **argv);
int run_ls(int argc, char **argv);
int run_monitor(int argc, char **argv);
int run_show(int argc, char **argv);
int run_top(int argc, char **argv);
int run_verify(int argc, char **argv);

#endif
