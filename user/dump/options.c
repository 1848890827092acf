// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "dump/options.h"
#include "dump/say.h"
#include "image/status.h"

static const struct option long_options[] = {
	{ "locks-only", no_argument, NULL, 'l' },
	{ "tree", required_argument, NULL, 't' },
	{ "images-dir", required_argument, NULL, 'D' },
	{ "source", required_argument, NULL, 's' },
	{ "external-locks", no_argument, NULL, 'x' },
	{ "kill", no_argument, NULL, 'k' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void print_help(void)
{
	puts("usage: crdump --locks-only -t PID -D DIR [OPTION...]\n\n"
	     "Writes the locks of a process and its descendants to a checkpoint directory.\n\n"
	     "      --locks-only      only locks; whole processes cannot be dumped yet\n"
	     "  -t, --tree PID        the process\n"
	     "  -D, --images-dir DIR  the directory, made if it is not there\n"
	     "  -s, --source SOURCE   kmod: from the kernel module; proc: from /proc; auto: from the\n"
	     "                        module if it can be asked, else from /proc; default auto\n"
	     "  -x, --external-locks  also locks that processes outside the tree share\n"
	     "  -k, --kill            kill the processes once the checkpoint is on disk\n"
	     "  -v, --verbose         say what was dumped\n"
	     "      --version\n"
	     "  -h, --help\n\n"
	     "Exit status: 0; 1: something stands in the way, and is listed; 2: bad usage; 3: the process\n"
	     "is not there, or may not be stopped; 4: the directory; 5: the module. See crdump(1).");
}

static int parse_pid(struct options *options, const char *text)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || *end || end == text || pid <= 0 || pid > INT_MAX)
		return say_usage("-t: '%s' is no process id", text);
	options->pid = pid;
	return -1;
}

static int check(const struct options *options, bool locks_only, int argc)
{
	if (optind < argc)
		return say_usage("one argument too many");
	if (!locks_only)
		return say_usage("only --locks-only is there yet: whole processes cannot be dumped");
	if (!options->pid)
		return say_usage("-t PID is missing");
	if (!options->dir)
		return say_usage("-D DIR is missing");
	return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	bool locks_only = false;
	int option, status;

	*options = (struct options){ .from = LOCK_FROM_AUTO };
	while ((option = getopt_long(argc, argv, "t:D:s:xkvh", long_options, NULL)) >= 0) {
		switch (option) {
		case 'l':
			locks_only = true;
			break;
		case 't':
			status = parse_pid(options, optarg);
			if (status >= 0)
				return status;
			break;
		case 'D':
			options->dir = optarg;
			break;
		case 's':
			if (lock_from_parse(optarg) < 0)
				return say_usage("--source: '%s' is not auto, kmod or proc", optarg);
			options->from = lock_from_parse(optarg);
			break;
		case 'x':
			options->external_locks = true;
			break;
		case 'k':
			options->kill = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'V':
			puts("crdump " CRLOCK_VERSION);
			return STATUS_OK;
		case 'h':
			print_help();
			return STATUS_OK;
		default:
			return STATUS_USAGE;
		}
	}
	return check(options, locks_only, argc);
}
