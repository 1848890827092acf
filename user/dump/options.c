// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/options.h"
#include "image/criu_options.h"
#include "image/message.h"
#include "image/progress.h"
#include "image/say.h"
#include "image/status.h"
#include "locks/module.h"

enum {
	OPTION_LOCKS_ONLY = 256,
	OPTION_SOURCE,
	OPTION_NO_LOAD,
	OPTION_CHECK,
	OPTION_NO_PRECOPY,
	OPTION_STREAM,
	OPTION_EXTERNAL,
	OPTION_HOLD_LOCKS,
	OPTION_ACTION_SCRIPT,
	OPTION_LOG_JSON,
	OPTION_PROGRESS,
	OPTION_NO_PROGRESS,
};

static const struct option long_options[] = {
	{ "tree", required_argument, NULL, 't' },
	{ "images-dir", required_argument, NULL, 'D' },
	{ "log-file", required_argument, NULL, 'o' },
	{ "log-json", no_argument, NULL, OPTION_LOG_JSON },
	{ "leave-running", no_argument, NULL, 'R' },
	{ "leave-stopped", no_argument, NULL, 's' },
	{ "shell-job", no_argument, NULL, 'j' },
	{ "kill", no_argument, NULL, 'k' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "progress", optional_argument, NULL, OPTION_PROGRESS },
	{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
	{ "no-precopy", no_argument, NULL, OPTION_NO_PRECOPY },
	{ "stream", no_argument, NULL, OPTION_STREAM },
	{ "locks-only", no_argument, NULL, OPTION_LOCKS_ONLY },
	{ "external-locks", no_argument, NULL, 'x' },
	{ "hold-locks", no_argument, NULL, OPTION_HOLD_LOCKS },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "no-load", no_argument, NULL, OPTION_NO_LOAD },
	{ "verbose", optional_argument, NULL, 'v' },
	{ "verbosity", optional_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "external", required_argument, NULL, OPTION_EXTERNAL },
	{ "action-script", required_argument, NULL, OPTION_ACTION_SCRIPT },
	{ 0 },
};

static void print_help(void)
{
	puts("usage: crdump -t PID -D DIR [OPTION...]\n"
	     "       crdump --stream -t PID [OPTION...] | ssh HOST crrestore --stream -d\n\n"
	     "Writes a process and its descendants to a checkpoint directory, and kills them.\n\n"
	     "  -t, --tree PID        the process\n"
	     "  -D, --images-dir DIR  the directory, made if it is not there\n"
	     "      --stream          to standard output instead, for crrestore --stream\n"
	     "  -R, --leave-running   let them go on instead\n"
	     "  -s, --leave-stopped   leave them stopped instead\n"
	     "  -k, --kill            kill them, with --locks-only too\n"
	     "  -j, --shell-job       allow a session and a terminal of a shell outside\n"
	     "      --check           only say what stands in the way\n"
	     "      --locks-only      only their locks; they go on, but for --kill\n"
	     "  -x, --external-locks  also locks that processes outside share\n"
	     "      --hold-locks      leave a process that holds them until crrestore has them\n"
	     "      --source SOURCE   kmod: the module; proc: without; auto: if it can be\n"
	     "  -o, --log-file FILE   write there what is said\n"
	     "  -v, --verbose[=LEVEL] say what was dumped; 0: nothing at all, to 4\n"
	     "      --external WHAT, --action-script FILE, --no-precopy, --log-json,\n"
	     "      --no-load, --progress[=SECONDS], --no-progress, --version\n"
	     "  -h, --help            show this; the manual explains each of them\n\n"
	     "See crdump(8) and crlock-criu(8), also for exit statuses.");
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

static int parse_source(struct options *options, const char *text)
{
	if (lock_from_parse(text) < 0)
		return say_usage("--source: '%s' is not auto, kmod or proc", text);
	options->from = lock_from_parse(text);
	return -1;
}

static int parse_external(struct options *options, const char *text)
{
	struct external external, *larger;

	if (!external_parse(&external, text) || external.type == EXTERNAL_SOCKET)
		return say_usage(
			"--external: '%s' is not file[MOUNT:INODE], tty[RDEV:DEV], pipe[INODE], unix[INODE] or mnt[...]",
			text);
	larger = reallocarray(options->external, options->nr_external + 1, sizeof(*larger));
	if (!larger) {
		say("%s", strerror(ENOMEM));
		return STATUS_IN_THE_WAY;
	}
	options->external = larger;
	larger[options->nr_external++] = external;
	return -1;
}

static int open_log(const char *path)
{
	if (freopen(path, "w", stderr))
		return -1;
	printf("crdump: %s: %s\n", path, strerror(errno));
	return STATUS_USAGE;
}

/* What ends the reading of options, or is one of criu(8)'s. */
static int take_other(int option, const char *argument)
{
	int criu = criu_option_index(option);
	const char *refusal = criu < 0 ? NULL : criu_option_refusal(criu, argument);

	if (refusal)
		return say_usage("--%s: %s", criu_option_name(criu), refusal);
	if (criu >= 0)
		return -1;
	if (option == 'V')
		puts("crdump " CRLOCK_VERSION);
	else if (option == 'h')
		print_help();
	else
		return STATUS_USAGE;
	return say_written();
}

static int take_level(struct options *options, const char *text)
{
	int level = say_level(text);

	if (level < 0)
		return say_usage("--verbose: '%s' is no level from 0 to 4", text);
	options->verbose = level >= MESSAGE_INFO;
	return -1;
}

static int take_progress(const char *seconds)
{
	if (!progress_ask(seconds))
		return say_usage("--progress: '%s' is no number of seconds", seconds);
	return -1;
}

static int take(struct options *options, int option, const char *argument)
{
	switch (option) {
	case 't':
		return parse_pid(options, argument);
	case 'D':
		options->dir = argument;
		break;
	case 'o':
		return open_log(argument);
	case 'R':
		options->finish = FINISH_GO_ON;
		break;
	case 's':
		options->finish = FINISH_STAY_STOPPED;
		break;
	case 'k':
		options->finish = FINISH_KILL;
		break;
	case 'j':
		options->shell_job = true;
		break;
	case 'x':
		options->external_locks = true;
		break;
	case 'v':
		return take_level(options, argument);
	case OPTION_LOG_JSON:
		say_json();
		break;
	case OPTION_PROGRESS:
		return take_progress(argument);
	case OPTION_NO_PROGRESS:
		progress_refuse();
		break;
	case OPTION_SOURCE:
		return parse_source(options, argument);
	case OPTION_NO_LOAD:
		module_never_load();
		break;
	case OPTION_EXTERNAL:
		return parse_external(options, argument);
	case OPTION_HOLD_LOCKS:
		options->hold_locks = true;
		break;
	case OPTION_LOCKS_ONLY:
		options->locks_only = true;
		break;
	case OPTION_CHECK:
		options->check = true;
		break;
	case OPTION_NO_PRECOPY:
		options->precopy = false;
		break;
	case OPTION_STREAM:
		options->stream = true;
		break;
	case OPTION_ACTION_SCRIPT:
		options->action_script = argument;
		break;
	default:
		return take_other(option, argument);
	}
	return -1;
}

static int check(const struct options *options, int argc, char **argv)
{
	if (optind < argc)
		return say_usage("%s: one argument too many", argv[optind]);
	if (!options->pid)
		return say_usage("-t PID is missing");
	if (options->stream && options->dir)
		return say_usage("-D and --stream do not go together");
	if (options->stream && options->check)
		return say_usage("--check and --stream do not go together");
	if (options->stream && isatty(STDOUT_FILENO))
		return say_usage(
			"--stream: standard output is a terminal, not a pipe to crrestore --stream, or a file");
	if (options->hold_locks && (options->stream || options->check || options->locks_only))
		return say_usage("--hold-locks is for a directory that whole processes are dumped to");
	if (options->hold_locks && options->finish != FINISH_KILL)
		return say_usage("--hold-locks: processes that are not killed hold their locks themselves");
	if (options->action_script && (options->stream || options->check || options->locks_only))
		return say_usage("--action-script is for a directory that whole processes are dumped to");
	if (!options->dir && !options->check && !options->stream)
		return say_usage("-D DIR is missing");
	return -1;
}

/* None of the options that say what becomes of the tree. */
#define FINISH_DEFAULT ((enum finish) - 1)

int options_parse(struct options *options, int argc, char **argv)
{
	struct option joined[CRIU_OPTIONS_MAX];
	int option, status;

	criu_options_join(joined, long_options);
	*options = (struct options){ .from = LOCK_FROM_AUTO, .precopy = true, .finish = FINISH_DEFAULT };
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":t:D:o:Rsjkxv::Vh" CRIU_OPTIONS_LETTERS, joined, NULL)) >=
	       0) {
		if (option == ':')
			return say_usage("%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		status = take(options, option, optarg);
		if (status >= 0)
			return status;
	}
	if (options->finish == FINISH_DEFAULT)
		options->finish = options->locks_only ? FINISH_GO_ON : FINISH_KILL;
	return check(options, argc, argv);
}

void options_clear(struct options *options)
{
	free(options->external);
	*options = (struct options){ 0 };
}
