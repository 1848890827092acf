// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "criu/options.h"
#include "criu/version.h"
#include "image/criu_options.h"
#include "image/message.h"
#include "image/say.h"
#include "image/status.h"

enum {
	OPTION_PIDFILE = 256,
	OPTION_EXTERNAL,
	OPTION_INHERIT,
	OPTION_ACTION_SCRIPT,
	OPTION_FEATURE,
	OPTION_KERNEL,
	OPTION_STREAM,
	OPTION_NO_LOAD,
};

static const struct option long_options[] = {
	{ "tree", required_argument, NULL, 't' },
	{ "images-dir", required_argument, NULL, 'D' },
	{ "work-dir", required_argument, NULL, 'W' },
	{ "log-file", required_argument, NULL, 'o' },
	{ "pidfile", required_argument, NULL, OPTION_PIDFILE },
	{ "action-script", required_argument, NULL, OPTION_ACTION_SCRIPT },
	{ "leave-running", no_argument, NULL, 'R' },
	{ "leave-stopped", no_argument, NULL, 's' },
	{ "restore-detached", no_argument, NULL, 'd' },
	{ "restore-sibling", no_argument, NULL, 'S' },
	{ "shell-job", no_argument, NULL, 'j' },
	{ "external", required_argument, NULL, OPTION_EXTERNAL },
	{ "inherit-fd", required_argument, NULL, OPTION_INHERIT },
	{ "verbosity", optional_argument, NULL, 'v' },
	{ "verbose", optional_argument, NULL, 'v' },
	{ "no-load", no_argument, NULL, OPTION_NO_LOAD },
	{ "all", no_argument, NULL, OPTION_KERNEL },
	{ "experimental", no_argument, NULL, OPTION_KERNEL },
	{ "extra", no_argument, NULL, OPTION_KERNEL },
	{ "feature", required_argument, NULL, OPTION_FEATURE },
	{ "stream", no_argument, NULL, OPTION_STREAM },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int help(void)
{
	puts("usage: crlock-criu dump -t PID [OPTION...]\n"
	     "       crlock-criu restore [OPTION...] | check | swrk FD\n\n"
	     "Has crdump and crrestore do what is asked of criu(8), by words or messages.\n\n"
	     "  -t, --tree PID           the process that is dumped with its descendants\n"
	     "  -D, --images-dir DIR     the directory of the checkpoint, by default this one\n"
	     "  -W, --work-dir DIR       of log and pidfile, by default that of the checkpoint\n"
	     "  -o, --log-file FILE      write there what is said\n"
	     "      --pidfile FILE       write the pid of the first restored process there\n"
	     "      --action-script PROGRAM  run it when something happens\n"
	     "  -R, --leave-running      dump: let the processes go on\n"
	     "  -s, --leave-stopped      dump: leave them stopped\n"
	     "  -d, --restore-detached   restore: end when they go on; else wait for the first\n"
	     "  -S, --restore-sibling    restore: it becomes a child of the caller\n"
	     "  -j, --shell-job          session and terminal are those of a shell outside\n"
	     "      --external WHAT      see crdump(8)\n"
	     "      --inherit-fd fd[N]:KEY   see crrestore(8)\n"
	     "      --no-load            do not have the kernel load the module\n"
	     "  -v, --verbosity[=LEVEL]  say what was done; 0: nothing at all, to 4\n"
	     "  -V, --version            show the version of criu(8) that it stands for\n"
	     "  -h, --help               show this\n\n"
	     "Of other options of criu(8), and of messages: See crlock-criu(8).");
	return say_written();
}

static int version(void)
{
	printf("Version: %d.%d\ncrlock-criu %s\n", CRIU_VERSION_MAJOR, CRIU_VERSION_MINOR, CRLOCK_VERSION);
	return say_written();
}

static int set(char **text, const char *value)
{
	if (request_set(text, value))
		return OPTIONS_DONE;
	say("%s", strerror(ENOMEM));
	return STATUS_IN_THE_WAY;
}

static int take_criu(int option, const char *argument)
{
	int criu = criu_option_index(option);
	const char *refusal = criu < 0 ? NULL : criu_option_refusal(criu, argument);

	if (refusal)
		say_usage("--%s: %s", criu_option_name(criu), refusal);
	return refusal || criu < 0 ? STATUS_USAGE : OPTIONS_DONE;
}

/* Those without a value. */
static bool take_flag(struct request *request, int option)
{
	switch (option) {
	case 'R':
		return request->leave_running = true;
	case 's':
		return request->leave_stopped = true;
	case 'd':
		return request->detached = true;
	case 'S':
		return request->sibling = true;
	case 'j':
		return request->shell_job = true;
	case OPTION_NO_LOAD:
		return request->no_load = true;
	case OPTION_KERNEL:
		return true;
	}
	return false;
}

static int take_level(struct request *request, const char *text)
{
	request->level =
		message_level_parse(request->level < 0 ? MESSAGE_LEVEL_DEFAULT : request->level, text);
	return request->level < 0 ? say_usage("--verbosity: '%s' is no level from 0 to 4", text)
				  : OPTIONS_DONE;
}

static int take(struct request *request, int option, const char *argument)
{
	switch (option) {
	case 'v':
		return take_level(request, argument);
	case 't':
		return set(&request->pid, argument);
	case 'D':
		return set(&request->images, argument);
	case 'W':
		return set(&request->work, argument);
	case 'o':
		return set(&request->log, argument);
	case OPTION_PIDFILE:
		return set(&request->pidfile, argument);
	case OPTION_ACTION_SCRIPT:
		return request->script ? say_usage("--action-script: there can be one only")
				       : set(&request->script, argument);
	case OPTION_EXTERNAL:
		words_add(&request->external, "%s", argument);
		return OPTIONS_DONE;
	case OPTION_INHERIT:
		words_add(&request->inherit, "%s", argument);
		return OPTIONS_DONE;
	case OPTION_FEATURE:
		return say_usage("--feature: single features of the kernel are not told");
	case OPTION_STREAM:
		return say_usage(
			"--stream: there is no image streamer; crdump --stream has a stream of its own");
	case 'h':
		return help();
	case 'V':
		return version();
	}
	return take_flag(request, option) ? OPTIONS_DONE : take_criu(option, argument);
}

static enum request_kind find_kind(const char *word)
{
	static const char *const names[] = {
		[REQUEST_DUMP] = "dump",
		[REQUEST_RESTORE] = "restore",
		[REQUEST_CHECK] = "check",
	};

	for (size_t i = REQUEST_DUMP; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(names[i], word))
			return i;
	}
	return REQUEST_NONE;
}

static int check(struct request *request, int argc, char **argv)
{
	if (optind == argc)
		return say_usage("there is no command: dump, restore, check or swrk");
	request->kind = find_kind(argv[optind]);
	if (!request->kind)
		return say_usage("%s: is none of dump, restore, check, swrk", argv[optind]);
	if (optind + 1 < argc)
		return say_usage("%s: one argument too many", argv[optind + 1]);
	if (request->kind == REQUEST_DUMP && !request->pid)
		return say_usage("dump: -t PID is missing");
	if (request->kind == REQUEST_RESTORE && request->leave_stopped)
		return say_usage("--leave-stopped: restored processes are not left stopped");
	if (request->kind != REQUEST_CHECK && !request->images)
		return set(&request->images, ".");
	return OPTIONS_DONE;
}

int options_read(struct request *request, int argc, char **argv)
{
	struct option joined[CRIU_OPTIONS_MAX];
	int option, ret;

	*request = (struct request){ .level = -1 };
	criu_options_join(joined, long_options);
	opterr = 0;
	/* Unit tests read more than one command line. */
	optind = 0;
	while ((option = getopt_long(argc, argv, ":t:D:W:o:RsdSjv::Vh" CRIU_OPTIONS_LETTERS, joined, NULL)) !=
	       -1) {
		if (option == ':')
			return say_usage("%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		ret = take(request, option, optarg);
		if (ret != OPTIONS_DONE)
			return ret;
	}
	return check(request, argc, argv);
}
