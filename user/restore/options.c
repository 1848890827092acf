// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/criu_options.h"
#include "image/external.h"
#include "image/message.h"
#include "image/progress.h"
#include "image/say.h"
#include "image/status.h"
#include "locks/module.h"
#include "restore/options.h"

enum {
	OPTION_LOCKS_ONLY = 256,
	OPTION_TASK,
	OPTION_ON_CONFLICT,
	OPTION_CHECK,
	OPTION_ACTION_SCRIPT,
	OPTION_PIDFILE,
	OPTION_STREAM,
	OPTION_INHERIT,
	OPTION_EXTERNAL,
	OPTION_NO_VERIFY,
	OPTION_LOG_JSON,
	OPTION_PROGRESS,
	OPTION_NO_PROGRESS,
	OPTION_NO_LOAD,
};

static const struct option long_options[] = {
	{ "action-script", required_argument, NULL, OPTION_ACTION_SCRIPT },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "external", required_argument, NULL, OPTION_EXTERNAL },
	{ "help", no_argument, NULL, 'h' },
	{ "images-dir", required_argument, NULL, 'D' },
	{ "inherit-fd", required_argument, NULL, OPTION_INHERIT },
	{ "locks-only", no_argument, NULL, OPTION_LOCKS_ONLY },
	{ "log-file", required_argument, NULL, 'o' },
	{ "log-json", no_argument, NULL, OPTION_LOG_JSON },
	{ "no-load", no_argument, NULL, OPTION_NO_LOAD },
	{ "no-verify", no_argument, NULL, OPTION_NO_VERIFY },
	{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
	{ "on-conflict", required_argument, NULL, OPTION_ON_CONFLICT },
	{ "pid", required_argument, NULL, 'p' },
	{ "pidfile", required_argument, NULL, OPTION_PIDFILE },
	{ "progress", optional_argument, NULL, OPTION_PROGRESS },
	{ "restore-detached", no_argument, NULL, 'd' },
	{ "restore-sibling", no_argument, NULL, 'S' },
	{ "root", required_argument, NULL, 'r' },
	{ "shell-job", no_argument, NULL, 'j' },
	{ "stream", no_argument, NULL, OPTION_STREAM },
	{ "task", required_argument, NULL, OPTION_TASK },
	{ "verbose", optional_argument, NULL, 'v' },
	{ "verbosity", optional_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int help(void)
{
	printf("usage: crrestore {-D DIR | --stream} [OPTION...]\n"
	       "       crrestore --locks-only -D DIR [OPTION...] {-p [OLD:]NEW | -- COMMAND...}\n\n"
	       "Brings the processes of a checkpoint back, with their locks, or only these.\n\n"
	       "  -D, --images-dir DIR       directory of the checkpoint\n"
	       "      --stream               what crdump --stream writes, on standard input\n"
	       "  -d, --restore-detached     end when they go on; else wait for the first\n"
	       "  -S, --restore-sibling      the first becomes a child of crrestore's parent\n"
	       "  -j, --shell-job            it stays in this session, with this terminal\n"
	       "  -r, --root DIR             paths of files begin there\n"
	       "      --inherit-fd fd[N]:KEY descriptor N stands for a file of the checkpoint\n"
	       "      --check                only say what is in the way\n"
	       "      --locks-only           restore locks, and no processes\n"
	       "  -p, --pid [OLD:]NEW        for process NEW, which has the files open\n"
	       "      --on-conflict ACTION   if others hold locks: fail, wait[:SECONDS] or skip\n"
	       "  -o, --log-file FILE        write there what is said\n"
	       "  -v, --verbose[=LEVEL]      say what was restored; 0: nothing at all, to 4\n"
	       "      --action-script FILE, --pidfile FILE, --task OLD, --log-json, --no-load,\n"
	       "      --external WHAT, --progress[=SECONDS], --no-progress, --no-verify\n"
	       "  -h, --help                 show this; the manual explains each of them\n"
	       "  -V, --version              show the version\n\n"
	       "See crrestore(8) and crlock-criu(8).\n");
	return say_written();
}

static int version(void)
{
	printf("crrestore %s\n", CRLOCK_VERSION);
	return say_written();
}

/* Reads a pid up to one of some characters. Returns: that place, NULL if it is no pid. */
static const char *parse_pid(const char *text, const char *stops, pid_t *pid)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || n < 1 || n > INT_MAX || (*end && !strchr(stops, *end)))
		return NULL;
	*pid = n;
	return end;
}

static int no_memory(void)
{
	say("%s", strerror(ENOMEM));
	return STATUS_IN_THE_WAY;
}

static int add_pair(struct options *options, struct pid_pair pair)
{
	struct pid_pair *pairs;

	for (size_t i = 0; i < options->nr_pairs; i++) {
		if (options->pairs[i].old == pair.old)
			return say_usage("--pid: %d is given twice", pair.old);
	}
	pairs = reallocarray(options->pairs, options->nr_pairs + 1, sizeof(*pairs));
	if (!pairs)
		return no_memory();
	options->pairs = pairs;
	pairs[options->nr_pairs++] = pair;
	return OPTIONS_DONE;
}

static int read_pid(struct options *options, const char *text)
{
	struct pid_pair pair = { 0 };
	const char *end = parse_pid(text, ":", &pair.old);

	if (end && *end) {
		end = parse_pid(end + 1, "", &pair.new);
		return end ? add_pair(options, pair) : say_usage("--pid: %s: is no pid", text);
	}
	if (!end)
		return say_usage("--pid: %s: is no pid", text);
	if (options->pid)
		return say_usage("--pid: more than one without OLD:");
	options->pid = pair.old;
	return OPTIONS_DONE;
}

static int read_tasks(struct options *options, const char *text)
{
	const char *at = text;
	pid_t *tasks, pid;

	do {
		at = parse_pid(at, ",", &pid);
		if (!at)
			return say_usage("--task: %s: is no list of pids", text);
		tasks = reallocarray(options->tasks, options->nr_tasks + 1, sizeof(*tasks));
		if (!tasks)
			return no_memory();
		options->tasks = tasks;
		tasks[options->nr_tasks++] = pid;
	} while (*at++);
	return OPTIONS_DONE;
}

/* Returns: the one way of spelling it, which is the caller's, NULL: an error that was said. */
static char *read_key(const char *text)
{
	char key[EXTERNAL_KEY_MAX];
	struct external external;
	char *copy;

	if (external_is_typed(text)) {
		if (!external_parse(&external, text) || external.type == EXTERNAL_MOUNT) {
			say_usage(
				"--inherit-fd: %s: is not pipe[INODE], socket[INODE], tty[RDEV:DEV] or file[MOUNT:INODE]",
				text);
			return NULL;
		}
		external_key(&external, key);
		text = key;
	}
	copy = strdup(text);
	if (!copy)
		no_memory();
	return copy;
}

static int read_inherit(struct options *options, const char *text)
{
	struct restore_inherit *larger;
	unsigned int fd;
	int len = 0;
	char *key;

	if (sscanf(text, "fd[%9u]:%n", &fd, &len) != 1 || !len || !text[len] || text[3] < '0' ||
	    text[3] > '9')
		return say_usage("--inherit-fd: %s: is not fd[NUMBER]:KEY", text);
	if (fcntl(fd, F_GETFD) < 0)
		return say_usage("--inherit-fd: %s: descriptor %u is not open", text, fd);
	key = read_key(text + len);
	if (!key)
		return STATUS_USAGE;
	for (size_t i = 0; i < options->nr_inherit; i++) {
		if (!strcmp(options->inherit[i].key, key)) {
			free(key);
			return say_usage("--inherit-fd: %s: is given twice", text + len);
		}
	}
	larger = reallocarray(options->inherit, options->nr_inherit + 1, sizeof(*larger));
	if (!larger) {
		free(key);
		return no_memory();
	}
	options->inherit = larger;
	larger[options->nr_inherit++] = (struct restore_inherit){ .fd = fd, .key = key };
	return OPTIONS_DONE;
}

static int open_log(const char *path)
{
	int status = say_log_file(path);

	return status ? status : OPTIONS_DONE;
}

static int read_external(const char *text)
{
	struct external external;

	if (external_parse(&external, text) && external.type != EXTERNAL_SOCKET)
		return OPTIONS_DONE;
	return say_usage(
		"--external: %s: is not file[MOUNT:INODE], tty[RDEV:DEV], pipe[INODE], unix[INODE] or mnt[...]",
		text);
}

static int read_on_conflict(struct options *options, const char *text)
{
	char *end;

	if (!strcmp(text, "fail")) {
		options->on_conflict = ON_CONFLICT_FAIL;
	} else if (!strcmp(text, "skip")) {
		options->on_conflict = ON_CONFLICT_SKIP;
	} else if (!strncmp(text, "wait", 4) && (!text[4] || text[4] == ':')) {
		options->on_conflict = ON_CONFLICT_WAIT;
		options->wait_seconds = -1;
		if (text[4]) {
			options->wait_seconds = strtod(text + 5, &end);
			if (end == text + 5 || *end || !isfinite(options->wait_seconds) ||
			    options->wait_seconds < 0)
				return say_usage("--on-conflict: %s: is no number of seconds", text + 5);
		}
	} else {
		return say_usage("--on-conflict: %s: is none of fail, wait, skip", text);
	}
	return OPTIONS_DONE;
}

static int read_criu(int option)
{
	int criu = criu_option_index(option);
	const char *refusal = criu < 0 ? NULL : criu_option_refusal(criu, optarg);

	if (refusal)
		say_usage("--%s: %s", criu_option_name(criu), refusal);
	return refusal || criu < 0 ? STATUS_USAGE : OPTIONS_DONE;
}

static int read_level(struct options *options, const char *text)
{
	int level = say_level(text);

	if (level < 0)
		return say_usage("--verbose: %s: is no level from 0 to 4", text);
	options->verbose = level >= MESSAGE_INFO;
	return OPTIONS_DONE;
}

static int read_progress(const char *seconds)
{
	if (!progress_ask(seconds))
		return say_usage("--progress: %s: is no number of seconds", seconds);
	return OPTIONS_DONE;
}

static int read_option(struct options *options, int option)
{
	switch (option) {
	case 'h':
		return help();
	case 'V':
		return version();
	case 'v':
		return read_level(options, optarg);
	case OPTION_LOG_JSON:
		say_json();
		return OPTIONS_DONE;
	case OPTION_PROGRESS:
		return read_progress(optarg);
	case OPTION_NO_PROGRESS:
		progress_refuse();
		return OPTIONS_DONE;
	case 'd':
		options->detached = true;
		return OPTIONS_DONE;
	case 'S':
		options->sibling = true;
		return OPTIONS_DONE;
	case 'j':
		options->shell_job = true;
		return OPTIONS_DONE;
	case 'o':
		return open_log(optarg);
	case OPTION_CHECK:
		options->check = true;
		return OPTIONS_DONE;
	case OPTION_NO_VERIFY:
		options->no_verify = true;
		return OPTIONS_DONE;
	case OPTION_INHERIT:
		return read_inherit(options, optarg);
	case OPTION_EXTERNAL:
		return read_external(optarg);
	case OPTION_ACTION_SCRIPT:
		options->action_script = optarg;
		return OPTIONS_DONE;
	case OPTION_PIDFILE:
		options->pidfile = optarg;
		return OPTIONS_DONE;
	case 'r':
		options->root = optarg;
		return OPTIONS_DONE;
	case OPTION_STREAM:
		options->stream = true;
		return OPTIONS_DONE;
	case 'D':
		options->dir = optarg;
		return OPTIONS_DONE;
	case 'p':
		return read_pid(options, optarg);
	case OPTION_LOCKS_ONLY:
		options->locks_only = true;
		return OPTIONS_DONE;
	case OPTION_TASK:
		return read_tasks(options, optarg);
	case OPTION_NO_LOAD:
		module_never_load();
		return OPTIONS_DONE;
	case OPTION_ON_CONFLICT:
		return read_on_conflict(options, optarg);
	}
	return read_criu(option);
}

static int check(const struct options *options)
{
	bool pids = options->pid || options->nr_pairs;

	if (options->stream && isatty(STDIN_FILENO))
		return say_usage(
			"--stream: standard input is a terminal, not a pipe from crdump --stream, or a file");
	if (!options->locks_only && (pids || options->command))
		return say_usage("%s goes with --locks-only", pids ? "--pid" : options->command[0]);
	if (!options->dir && !options->stream)
		return say_usage("-D DIR is missing");
	if (!options->locks_only && options->nr_tasks)
		return say_usage("--task goes with --locks-only");
	if (options->locks_only && options->nr_inherit)
		return say_usage("--inherit-fd does not go with --locks-only");
	if (options->action_script && (options->check || options->locks_only))
		return say_usage("--action-script goes with whole processes");
	if (!options->locks_only)
		return OPTIONS_DONE;
	if (pids && options->command)
		return say_usage("%s: --pid and a command do not go together", options->command[0]);
	if (!pids && !options->command)
		return say_usage("there is neither --pid nor a command");
	return OPTIONS_DONE;
}

int options_read(struct options *options, int argc, char **argv)
{
	struct option joined[CRIU_OPTIONS_MAX];
	int option, ret;

	criu_options_join(joined, long_options);
	*options = (struct options){ 0 };
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:D:Sdhjo:p:v::V" CRIU_OPTIONS_LETTERS, joined, NULL)) !=
	       -1) {
		if (option == ':')
			return say_usage("%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		ret = read_option(options, option);
		if (ret != OPTIONS_DONE)
			return ret;
	}
	if (argv[optind])
		options->command = argv + optind;
	return check(options);
}

void options_free(struct options *options)
{
	free(options->pairs);
	free(options->tasks);
	for (size_t i = 0; i < options->nr_inherit; i++)
		free((char *)options->inherit[i].key);
	free(options->inherit);
	*options = (struct options){ 0 };
}
