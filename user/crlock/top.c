// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock top - shows which locks are contended for, again and again.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "crlock/command.h"
#include "crlock/events.h"
#include "crlock/options.h"
#include "crlock/query.h"
#include "crlock/say.h"
#include "crlock/top/screen.h"
#include "crlock/top/view.h"
#include "locks/module.h"

struct top {
	struct query query;
	struct view view;
	int64_t delay; /* nanoseconds */
	unsigned long iterations; /* 0: until it is ended */
	int rcvbuf; /* bytes, 0: what is enough for most */
	bool batch, help;

	struct crlock *crlock; /* that events come by; NULL: there are none, */
	char why[128]; /* why not */
	struct paths *paths;
	int signals;

	struct rows rows;
	struct lock_list list;
	int64_t ahead; /* of CLOCK_MONOTONIC, CLOCK_REALTIME */
	int64_t read; /* when the locks were, by CLOCK_MONOTONIC; 0: not yet */
	int64_t counted; /* since when events are */
	uint64_t lost; /* events */
	bool quit;
};

#define NS INT64_C(1000000000)

/* Options ------------------------------------------------------------------------------------------ */

#define OPTION_RCVBUF 256

static const struct option long_options[] = {
	{ "batch", no_argument, NULL, 'b' },
	{ "iterations", required_argument, NULL, 'n' },
	{ "delay", required_argument, NULL, 'd' },
	{ "sort", required_argument, NULL, 'S' },
	{ "reverse", no_argument, NULL, 'r' },
	{ "filter", required_argument, NULL, 'F' },
	QUERY_LONG_OPTIONS,
	{ "rcvbuf", required_argument, NULL, OPTION_RCVBUF },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int print_help(void)
{
	printf("usage: crlock top [OPTION...]\n\n"
	       "Shows which locks are contended for, anew each second: how many wait, since\n"
	       "when, and how often locks are taken. The key q quits, and h tells the others.\n\n"
	       "  -b, --batch           lines of text, for files and scripts\n"
	       "  -n, --iterations N    end after so many times\n"
	       "  -d, --delay SECONDS   how long from one to the next; default 1\n"
	       "  -S, --sort ORDER      waiters, oldest, churn, locks or path; default waiters\n"
	       "  -r, --reverse         the other way round\n"
	       "  -F, --filter TEXT     only what has TEXT in its kind, lock, holders or path\n"
	       "  -p, --pid PID[,...]   only locks that one of these processes holds\n"
	       "  -f, --file PATH       only locks of this file\n"
	       "  -k, --kind KIND[,...] only of these: flock, posix, ofd, lease, deleg, layout\n"
	       "  -s, --source SOURCE   kmod, proc, or auto: what there is; default auto\n"
	       "      --rcvbuf BYTES    room for events that are not yet read; default 16 MiB\n"
	       "      --no-load         do not load the module if it is not loaded\n"
	       "  -h, --help\n\n"
	       "Exit status: 0; 1: failure, or no terminal; 2: bad usage; 3, 4: the module.\n"
	       "See crlock-top(8).\n");
	return say_written();
}

static int take_delay(struct top *top, const char *word)
{
	char *end;
	double seconds = strtod(word, &end);

	/* What is no number is in no range either. */
	if (end == word || *end || !(seconds >= 0.1 && seconds <= 86400))
		return say_usage("%s: not a number of seconds from 0.1 to 86400", word);
	top->delay = seconds * NS;
	return STATUS_OK;
}

static int take_iterations(struct top *top, const char *word)
{
	uint64_t number;

	if (!proc_text_unsigned(proc_text(word, strlen(word)), 10, UINT_MAX, &number) || !number)
		return say_usage("%s: not a number of times", word);
	top->iterations = number;
	return STATUS_OK;
}

static int take_order(struct top *top, const char *word)
{
	const struct top_order *order = order_of_name(word);

	if (!order)
		return say_usage("%s: not an order: waiters, oldest, churn, locks or path", word);
	top->view.order = order;
	return STATUS_OK;
}

static int take_filter(struct top *top, const char *word)
{
	if (strlen(word) >= sizeof(top->view.filter))
		return say_usage("--filter: more than %zu bytes", sizeof(top->view.filter) - 1);
	snprintf(top->view.filter, sizeof(top->view.filter), "%s", word);
	return STATUS_OK;
}

static int take_option(void *data, int option)
{
	struct top *top = data;

	switch (option) {
	case 'b':
		top->batch = true;
		return STATUS_OK;
	case 'n':
		return take_iterations(top, optarg);
	case 'd':
		return take_delay(top, optarg);
	case 'S':
		return take_order(top, optarg);
	case 'r':
		top->view.reverse = true;
		return STATUS_OK;
	case 'F':
		return take_filter(top, optarg);
	case OPTION_RCVBUF:
		return events_take_rcvbuf(optarg, &top->rcvbuf);
	case 'h':
		top->help = true;
		return STATUS_OK;
	default:
		return query_take_option(&top->query, option);
	}
}

/* Events ------------------------------------------------------------------------------------------- */

static int64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NS + time.tv_nsec;
}

static int take_event(const struct crlock_event *event, void *data)
{
	struct top *top = data;

	rows_take(&top->rows, event, event->time_ns - top->ahead);
	return 0;
}

#define EVENT(kind) (1U << CRLOCK_EVENT_##kind)

/* Has events sent. Returns: 0, or an error of the module, or of the file that is asked for. */
static int listen_to_events(struct top *top)
{
	const uint32_t events = EVENT(SET) | EVENT(BLOCKED) | EVENT(GRANTED) | EVENT(UNBLOCKED) |
				EVENT(REFUSED) | EVENT(CANCELLED) | EVENT(ASKED);
	struct crlock_filter filter = top->query.query.filter;
	int err = module_open(&top->crlock);

	if (!err)
		err = paths_open(&top->paths);
	if (!err && top->query.file)
		err = paths_find_file(top->paths, top->query.file, &filter);
	top->ahead = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
	top->counted = now(CLOCK_MONOTONIC);
	return err ?: crlock_monitor(top->crlock, &filter, events, take_event, top);
}

static void do_without_events(struct top *top, const char *why)
{
	snprintf(top->why, sizeof(top->why), "%s", why);
	crlock_close(top->crlock);
	paths_close(top->paths);
	top->crlock = NULL;
	top->paths = NULL;
}

/* Without the module, or if it may not be asked, /proc tells of locks, and nobody of what happens. */
static int open_module(struct top *top)
{
	int err = top->query.from == LOCK_FROM_PROC ? 0 : listen_to_events(top);

	if (top->query.from == LOCK_FROM_PROC) {
		do_without_events(top, "from /proc");
		return STATUS_OK;
	}
	if (!err)
		return events_set_rcvbuf(top->crlock, top->rcvbuf);
	if (top->query.from == LOCK_FROM_KMOD)
		return top->paths ? events_cannot_read(top->crlock, err) : events_cannot_open(err);
	do_without_events(top, err == -ENOENT  ? "module crlock is not loaded"
			       : err == -EPERM ? "module crlock: not permitted"
					       : strerror(-err));
	return STATUS_OK;
}

static int read_events(struct top *top)
{
	int err = top->crlock ? crlock_read_events(top->crlock) : 0;

	if (err) {
		screen_end();
		return events_cannot_read(top->crlock, err);
	}
	if (top->crlock && crlock_lost(top->crlock) != top->lost) {
		top->lost = crlock_lost(top->crlock);
		waits_lose(&top->rows.waits);
	}
	return STATUS_OK;
}

/* Reading ------------------------------------------------------------------------------------------ */

static int no_memory(void)
{
	screen_end();
	say("%s", strerror(ENOMEM));
	return STATUS_FAILURE;
}

static int read_locks(struct top *top)
{
	int64_t began = now(CLOCK_MONOTONIC);
	double seconds = top->crlock && (top->read || top->batch) ? (double)(began - top->counted) / NS : 0;
	struct lock_list list;
	struct lock_report report;
	int status, err;

	top->ahead = now(CLOCK_REALTIME) - began;
	status = query_try(&top->query, &top->query.query, &list, &report);
	err = status ? 0 : rows_update(&top->rows, &list, began, seconds);
	/* Rows are of the new list, or there is an end. */
	lock_list_free(&top->list);
	top->list = list;
	top->read = top->counted = began;
	if (status) {
		screen_end();
		say("%s", report.error);
	}
	return err ? no_memory() : status;
}

/* Showing ------------------------------------------------------------------------------------------ */

static struct view_head head_of(const struct top *top)
{
	return (struct view_head){
		.rows = &top->rows,
		.time = now(CLOCK_REALTIME) / NS,
		.why = top->why,
		.lost = top->lost,
	};
}

static size_t height(void)
{
	size_t lines = screen_height();

	return lines > VIEW_HEAD ? lines - VIEW_HEAD : 0;
}

static void draw_head(const struct top *top, struct lock_buffer *line)
{
	const struct view_head head = head_of(top);

	for (size_t i = 0; i < VIEW_HEAD; i++) {
		lock_buffer_clear(line);
		view_head(line, &top->view, &head, i, screen_width());
		screen_put(i, lock_buffer_text(line), i + 1 == VIEW_HEAD);
	}
}

static void draw_help(struct lock_buffer *line)
{
	size_t at = 0;

	for (lock_buffer_clear(line); view_help(line, at); lock_buffer_clear(line))
		screen_put(at++, lock_buffer_text(line), false);
	screen_clear_below(at);
}

static void draw_rows(const struct top *top, struct lock_buffer *line, size_t nr)
{
	int64_t time = now(CLOCK_MONOTONIC);

	for (size_t i = 0; i < nr; i++) {
		lock_buffer_clear(line);
		columns_row(line, top->view.rows[top->view.from + i], time, screen_width());
		screen_put(VIEW_HEAD + i, lock_buffer_text(line), false);
	}
	screen_clear_below(VIEW_HEAD + nr);
}

/* Only what fits is named and drawn. */
static int draw(struct top *top)
{
	struct lock_buffer line = { 0 };
	int err = view_choose(&top->view, &top->rows, top->paths);
	size_t nr = top->view.nr - top->view.from;

	nr = nr < height() ? nr : height();
	err = err ?: rows_name(top->view.rows + top->view.from, nr, top->paths);
	if (!err && top->view.help) {
		draw_help(&line);
	} else if (!err) {
		draw_head(top, &line);
		draw_rows(top, &line, nr);
	}
	screen_show();
	if (line.failed)
		err = -ENOMEM;
	lock_buffer_free(&line);
	return err ? no_memory() : STATUS_OK;
}

static void print_lines(const struct top *top, struct lock_buffer *text)
{
	const struct view_head head = head_of(top);
	int64_t time = now(CLOCK_MONOTONIC);

	for (size_t i = 0; i < VIEW_HEAD; i++) {
		size_t len = text->len;

		view_head(text, &top->view, &head, i, 0);
		if (text->len > len)
			lock_buffer_add(text, "\n");
	}
	for (size_t i = 0; i < top->view.nr; i++) {
		columns_row(text, top->view.rows[i], time, 0);
		lock_buffer_add(text, "\n");
	}
}

/* That nobody reads it any more is one way to end it. */
static int write_out(struct top *top, const char *text)
{
	if (fputs(text, stdout) != EOF && !fflush(stdout))
		return STATUS_OK;
	top->quit = true;
	if (errno == EPIPE)
		return STATUS_OK;
	say("standard output: %s", strerror(errno));
	return STATUS_FAILURE;
}

/* An empty line stands between one time and the next. */
static int print(struct top *top, bool first)
{
	struct lock_buffer text = { 0 };
	int err = view_choose(&top->view, &top->rows, top->paths)
			  ?: rows_name(top->view.rows, top->view.nr, top->paths);
	int status;

	if (!first)
		lock_buffer_add(&text, "\n");
	if (!err)
		print_lines(top, &text);
	if (text.failed)
		err = -ENOMEM;
	status = write_out(top, lock_buffer_text(&text));
	lock_buffer_free(&text);
	return err ? no_memory() : status;
}

/* Running ------------------------------------------------------------------------------------------ */

static int take_keys(struct top *top)
{
	bool changed = false;
	int key;

	while (!top->quit && (key = screen_key()) >= 0) {
		enum view_action action = view_press(&top->view, key, height());

		top->quit |= action == VIEW_QUIT;
		changed |= action == VIEW_DRAW;
		/* It is time now. */
		if (action == VIEW_READ)
			top->read = now(CLOCK_MONOTONIC) - top->delay;
	}
	return changed && !top->quit ? draw(top) : STATUS_OK;
}

static int take_signals(struct top *top)
{
	struct signalfd_siginfo info;
	bool resized = false;

	while (read(top->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			resized = true;
		else
			top->quit = true;
	}
	if (!resized || top->quit)
		return STATUS_OK;
	screen_resize();
	return draw(top);
}

/* Milliseconds, rounded up. */
static int time_left(const struct top *top)
{
	int64_t left = (top->read ?: top->counted) + top->delay - now(CLOCK_MONOTONIC);

	return left > 0 ? (left + 999999) / 1000000 : 0;
}

static int await(struct top *top)
{
	struct pollfd fds[] = {
		{ .fd = top->signals, .events = POLLIN },
		{ .fd = top->crlock ? crlock_fd(top->crlock) : -1, .events = POLLIN },
		{ .fd = top->batch ? -1 : STDIN_FILENO, .events = POLLIN },
		{ .fd = top->batch ? STDOUT_FILENO : -1 }, /* POLLERR: a pipe that nobody reads any more */
	};
	int status = STATUS_OK;

	if (poll(fds, sizeof(fds) / sizeof(*fds), time_left(top)) < 0)
		return STATUS_OK;
	top->quit |=
		(fds[2].revents & (POLLERR | POLLHUP | POLLNVAL)) || (fds[3].revents & (POLLERR | POLLNVAL));
	if (fds[0].revents)
		status = take_signals(top);
	if (!status && fds[1].revents)
		status = read_events(top);
	if (!status && fds[2].revents && !top->quit)
		status = take_keys(top);
	return status;
}

/* The screen is not to be empty at first; text is to say how often locks are taken. */
static int go_on(struct top *top)
{
	unsigned long nr = 0;
	int status = STATUS_OK;

	top->counted = now(CLOCK_MONOTONIC);
	while (!status && !top->quit && (!top->iterations || nr < top->iterations)) {
		/* Also if it takes longer to read all locks than to the next time: keys are not to wait for ever. */
		if (top->read || top->batch) {
			status = await(top);
			if (status || top->quit || time_left(top))
				continue;
		}
		status = read_events(top) ?: read_locks(top);
		if (!status)
			status = top->batch ? print(top, !nr) : draw(top);
		nr++;
	}
	return status;
}

static int start_screen(void)
{
	int err = screen_start();

	if (!err)
		return STATUS_OK;
	if (err == -ENOTTY)
		say("there is no terminal: --batch does without");
	else
		say("TERM=%s: no such terminal is known: --batch does without", getenv("TERM") ?: "");
	return STATUS_FAILURE;
}

static int run(struct top *top)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, 0 };
	int status = query_find_file(&top->query) ?: query_check_pids(&top->query);

	top->query.query.details = LOCK_DETAIL_WAITERS;
	status = status ?: open_module(top) ?: events_take_signals(signals, &top->signals);
	if (!status && !top->batch)
		status = start_screen();
	if (!status)
		status = go_on(top);
	screen_end();
	return status;
}

int run_top(int argc, char **argv)
{
	struct top top = { .signals = -1, .delay = NS, .view.order = &top_orders[0] };
	int status = options_each(argc, argv, ":bn:d:S:rF:h" QUERY_OPTIONS, long_options, take_option, &top);

	if (!status)
		status = top.help ? print_help() : run(&top);
	if (top.signals >= 0)
		close(top.signals);
	view_free(&top.view);
	rows_free(&top.rows);
	lock_list_free(&top.list);
	paths_close(top.paths);
	crlock_close(top.crlock);
	query_free(&top.query);
	return status;
}
