// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock monitor - tells what happens to file locks, as it happens.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <crlock.h>

#include "crlock/command.h"
#include "crlock/events.h"
#include "crlock/monitor/paths.h"
#include "crlock/monitor/print.h"
#include "crlock/options.h"
#include "crlock/query.h"
#include "crlock/say.h"
#include "locks/module.h"
#include "procfs/file.h"
#include "procfs/text.h"

struct monitor {
	struct query query;
	struct event_output output;
	bool chosen; /* columns */
	uint32_t events; /* bits 1 << enum crlock_event_kind, 0: all */
	int rcvbuf; /* bytes, 0: what is enough for most */
	bool help, list_columns;

	struct crlock *crlock;
	struct paths *paths;
	uint64_t lost; /* as was said last */
	int unwritten; /* errno value: standard output took no more */
	int signals;
};

/* Options ------------------------------------------------------------------------------------------ */

#define OPTION_LIST_COLUMNS 256

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "list-columns", no_argument, NULL, OPTION_LIST_COLUMNS },
	{ "json", no_argument, NULL, 'J' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "pid", required_argument, NULL, 'p' },
	{ "file", required_argument, NULL, 'f' },
	{ "kind", required_argument, NULL, 'k' },
	{ "event", required_argument, NULL, 'e' },
	{ "rcvbuf", required_argument, NULL, 'b' },
	{ "no-load", no_argument, NULL, 'N' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int print_help(void)
{
	printf("usage: crlock monitor [OPTION...]\n\n"
	       "Tells what happens to file locks, as it happens, until it is interrupted.\n\n"
	       "  -o, --output COLUMNS    these, separated by commas; +COLUMNS: these too\n"
	       "      --list-columns      say which there are\n"
	       "  -J, --json              an object of JSON in each line, with all columns\n"
	       "  -n, --noheadings        no line of column names\n"
	       "  -p, --pid PID[,...]     events of these processes, or that they make happen\n"
	       "  -f, --file PATH         only events of this file\n"
	       "  -k, --kind KIND[,...]   of these: flock, posix, ofd, lease, deleg, layout\n"
	       "  -e, --event EVENT[,...] only these: set, blocked, granted, unblocked, refused,\n"
	       "                          cancelled, released, asked, broken, deadline\n"
	       "  -b, --rcvbuf BYTES      room for events that are not yet read; default 16 MiB\n"
	       "      --no-load           do not load the module if it is not loaded\n"
	       "  -h, --help\n\n"
	       "Exit status: 0: interrupted, or nobody reads what it prints; 1: failure; 2: bad\n"
	       "usage; 3: the module is not loaded, or was unloaded; 4: it has another ABI.\n"
	       "See crlock-monitor(8).\n");
	return say_written();
}

static int list_columns(void)
{
	for (size_t i = 0; i < nr_event_columns; i++)
		printf("%-10s %s\n", event_columns[i].name, event_columns[i].help);
	return say_written();
}

static int take_event(void *data, struct proc_text word)
{
	struct monitor *monitor = data;
	int event = options_number_of(word, event_parse);

	if (event < 0)
		return say_usage("%.*s: not an event", (int)proc_text_len(word), word.at);
	monitor->events |= 1U << event;
	return STATUS_OK;
}

static int take_option(void *data, int option)
{
	struct monitor *monitor = data;

	switch (option) {
	case 'o':
		monitor->chosen = true;
		return event_choose(&monitor->output.columns, optarg);
	case OPTION_LIST_COLUMNS:
		monitor->list_columns = true;
		return STATUS_OK;
	case 'J':
		monitor->output.json = true;
		return STATUS_OK;
	case 'n':
		monitor->output.no_headings = true;
		return STATUS_OK;
	case 'e':
		return options_each_word(optarg, take_event, monitor);
	case 'b':
		return events_take_rcvbuf(optarg, &monitor->rcvbuf);
	case 'h':
		monitor->help = true;
		return STATUS_OK;
	default:
		return query_take_option(&monitor->query, option);
	}
}

static int parse(struct monitor *monitor, int argc, char **argv)
{
	int status = options_each(argc, argv, ":o:Jnp:f:k:e:b:h", long_options, take_option, monitor);

	if (!status && !monitor->chosen)
		event_choose_default(&monitor->output.columns, monitor->output.json);
	return status;
}

/* Start -------------------------------------------------------------------------------------------- */

static int find_file(struct monitor *monitor)
{
	const char *path = monitor->query.file;
	int err = path ? paths_find_file(monitor->paths, path, &monitor->query.query.filter) : 0;

	if (!err)
		return STATUS_OK;
	say("%s: %s", path, strerror(-err));
	return STATUS_FAILURE;
}

static int open_module(struct monitor *monitor)
{
	int err = module_open(&monitor->crlock);

	if (!err)
		err = paths_open(&monitor->paths);
	return err ? events_cannot_open(err) : STATUS_OK;
}

/* Events ------------------------------------------------------------------------------------------- */

/* Returns: 0, or 1 if what was just printed was not taken. */
static int check_written(struct monitor *monitor)
{
	if (!ferror(stdout))
		return 0;
	if (!monitor->unwritten)
		monitor->unwritten = errno ?: EIO;
	return 1;
}

static int tell_lost(struct monitor *monitor)
{
	uint64_t lost = crlock_lost(monitor->crlock);

	if (lost != monitor->lost)
		print_lost(&monitor->output, lost - monitor->lost);
	monitor->lost = lost;
	return check_written(monitor);
}

static int take(const struct crlock_event *row, void *data)
{
	struct monitor *monitor = data;
	struct told_event event = { .row = row };

	if (tell_lost(monitor))
		return 1;
	if (event_wants_path(&monitor->output.columns))
		event.path = paths_get(monitor->paths, row);
	print_event(&monitor->output, &event);
	return check_written(monitor);
}

static int start(struct monitor *monitor)
{
	const struct crlock_filter *filter = &monitor->query.query.filter;
	int err = crlock_monitor(monitor->crlock, filter, monitor->events, take, monitor);

	if (err)
		return events_cannot_read(monitor->crlock, err);
	print_start(&monitor->output);
	check_written(monitor);
	return STATUS_OK;
}

/* Waits for events, or for what ends it. Returns: whether it is to end. */
static bool await(const struct monitor *monitor)
{
	struct pollfd fds[] = {
		{ .fd = crlock_fd(monitor->crlock), .events = POLLIN },
		{ .fd = monitor->signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO }, /* POLLERR: a pipe that nobody reads any more */
	};

	while (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 && errno == EINTR)
		;
	return fds[1].revents || fds[2].revents & (POLLERR | POLLNVAL);
}

static int read_on(struct monitor *monitor)
{
	int err = monitor->unwritten;
	bool ends = false;

	/* What has come by then is told too. */
	while (!err && !ends) {
		ends = await(monitor);
		err = crlock_read_events(monitor->crlock);
		if (!err)
			err = tell_lost(monitor);
	}
	return err < 0 ? events_cannot_read(monitor->crlock, err) : STATUS_OK;
}

/* That nobody reads it any more is one way to end it. */
static int finish(const struct monitor *monitor, int status)
{
	if (!monitor->unwritten || monitor->unwritten == EPIPE)
		return status;
	say("standard output: %s", strerror(monitor->unwritten));
	return STATUS_FAILURE;
}

static int run(struct monitor *monitor)
{
	/* These are read like events, so that no line is cut. */
	static const int signals[] = { SIGINT, SIGTERM, 0 };
	int status = open_module(monitor) ?: find_file(monitor);

	if (!status && proc_is_ours())
		status = query_check_pids(&monitor->query);
	status = status ?: events_set_rcvbuf(monitor->crlock, monitor->rcvbuf) ?:
		 events_take_signals(signals, &monitor->signals);
	if (status)
		return status;
	setlinebuf(stdout);
	status = start(monitor) ?: read_on(monitor);
	return finish(monitor, status);
}

int run_monitor(int argc, char **argv)
{
	struct monitor monitor = { .signals = -1 };
	int status = parse(&monitor, argc, argv);

	if (!status && monitor.help)
		status = print_help();
	else if (!status)
		status = monitor.list_columns ? list_columns() : run(&monitor);
	if (monitor.signals >= 0)
		close(monitor.signals);
	paths_close(monitor.paths);
	crlock_close(monitor.crlock);
	cell_free(&monitor.output.cell);
	query_free(&monitor.query);
	return status;
}
