// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "image/progress.h"

/* Milliseconds: what is over before is not worth a line, and nobody reads faster. */
#define FIRST_MS 500
#define EACH_MS	 100
/* Of messages, which stay. */
#define MESSAGE_EACH_MS 1000

/* A day and more is no time to be told. */
#define SECONDS_MAX 86400

#define LINE_MAX_SIZE 256
#define BAR_MIN	      5
#define BAR_MAX	      30

static struct {
	const char *program; /* NULL: nothing is shown */
	bool asked, refused;
	uint64_t first_ms, each_ms;
	void (*tell)(const char *text); /* NULL: the terminal has it */
	bool going_on;
	int fd; /* of the terminal; -1: there is none */
	const char *what;
	uint64_t total, done;
	uint64_t began, next; /* when the line is to be written again */
	int width; /* of what stands there; 0: nothing */
} progress = { .first_ms = FIRST_MS, .each_ms = EACH_MS, .fd = -1 };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

bool progress_ask(const char *text)
{
	double seconds = 0;
	char *end;

	progress.asked = true;
	progress.refused = false;
	if (!text)
		return true;
	seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds) || seconds < 0 || seconds > SECONDS_MAX)
		return false;
	progress.first_ms = progress.each_ms = seconds * 1000;
	return true;
}

void progress_refuse(void)
{
	progress.asked = false;
	progress.refused = true;
}

void progress_allow(const char *program, bool plain, void (*tell)(const char *text))
{
	bool line = plain && isatty(STDERR_FILENO);

	progress.program = !progress.refused && (line || progress.asked) ? program : NULL;
	progress.tell = line ? NULL : tell;
	if (progress.tell && progress.first_ms == FIRST_MS && progress.each_ms == EACH_MS)
		progress.first_ms = progress.each_ms = MESSAGE_EACH_MS;
}

/*
 * Processes may be stopped meanwhile: a terminal that takes nothing must not make us wait, nor one that is another's
 * now.
 */
static int open_terminal(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", STDERR_FILENO);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void progress_begin(const char *what, uint64_t total)
{
	if (!progress.program)
		return;
	progress_end();
	progress.fd = progress.tell ? -1 : open_terminal();
	progress.going_on = progress.tell || progress.fd >= 0;
	progress.what = what;
	progress.total = total;
	progress.done = 0;
	progress.began = now_ms();
	progress.next = progress.began + progress.first_ms;
	progress.width = 0;
}

static bool is_foreground(void)
{
	pid_t group = tcgetpgrp(progress.fd);

	return group < 0 || group == getpgrp();
}

static int columns(void)
{
	struct winsize size;

	return !ioctl(progress.fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

/* What is said besides how much is done, from what leaves nothing out to what fits anywhere. */
enum {
	WITH_BAR = 1,
	WITH_RATE = 2,
	WITH_BYTES_LEFT = 4,
	WITH_TIME_LEFT = 8,
};

#define FORM_OF_MESSAGE (WITH_RATE | WITH_BYTES_LEFT | WITH_TIME_LEFT)

static const unsigned int forms[] = {
	WITH_BAR | WITH_RATE | WITH_BYTES_LEFT | WITH_TIME_LEFT,
	WITH_BAR | WITH_RATE | WITH_TIME_LEFT,
	WITH_BAR | WITH_TIME_LEFT,
	WITH_TIME_LEFT,
	0,
};

#define NR_FORMS (sizeof(forms) / sizeof(*forms))

/* Returns: the unit, by which @bytes is divided. */
static const char *scale(double *bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i = 0;

	for (*bytes /= 1024; *bytes >= 1000 && i < 4; i++)
		*bytes /= 1024;
	return units[i];
}

/* Adds to a text, as far as it has room. Returns: its length then. */
__attribute__((format(printf, 4, 5))) static int add(char *text, size_t size, int at, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + at, size - at, format, args);
	va_end(args);
	return at + n < (int)size ? at + n : (int)size - 1;
}

/* What was estimated may not be enough. */
static uint64_t total_now(void)
{
	return progress.total > progress.done ? progress.total : progress.done;
}

static double part_done(void)
{
	return progress.done < progress.total ? (double)progress.done / progress.total : 1;
}

static int add_done(char *text, size_t size, int at)
{
	double done = progress.done, total = total_now();
	const char *unit = scale(&done), *total_unit = scale(&total);

	if (!progress.total)
		return add(text, size, at, "%.1f %s", done, unit);
	at = add(text, size, at, "%3d%%  %.1f ", (int)(part_done() * 100), done);
	if (unit != total_unit)
		at = add(text, size, at, "%s ", unit);
	return add(text, size, at, "of %.1f %s", total, total_unit);
}

/* If all goes on as until now; of what is more than was estimated nobody knows. */
static int add_time_left(char *text, size_t size, int at, uint64_t elapsed)
{
	double seconds = elapsed / 1000.0 * (progress.total - progress.done) / progress.done;
	unsigned int left = seconds + 0.999;

	if (left >= 3600)
		return add(text, size, at, "%u:%02u:%02u", left / 3600, left / 60 % 60, left % 60);
	return add(text, size, at, "%u:%02u", left / 60, left % 60);
}

static int add_left(char *text, size_t size, int at, unsigned int form, uint64_t elapsed)
{
	double left = total_now() - progress.done;
	bool time = progress.done && elapsed && elapsed / 1000.0 * left / progress.done < SECONDS_MAX;
	const char *unit = scale(&left);

	if (!progress.total || progress.done >= progress.total || !(form & WITH_TIME_LEFT))
		return at;
	at = add(text, size, at, ", ");
	if (form & WITH_BYTES_LEFT || !time)
		at = add(text, size, at, time ? "%.1f %s, " : "%.1f %s", left, unit);
	if (time)
		at = add_time_left(text, size, at, elapsed);
	return add(text, size, at, " left");
}

/* Returns: the length. */
static int format_numbers(char *text, size_t size, unsigned int form, uint64_t elapsed)
{
	int n = add_done(text, size, 0);

	if (form & WITH_RATE && elapsed) {
		double rate = progress.done * 1000.0 / elapsed;
		const char *unit = scale(&rate);

		n = add(text, size, n, ", %.1f %s/s", rate, unit);
	}
	return add_left(text, size, n, form, elapsed);
}

/* The bar has what room the rest leaves. */
static int add_bar(char *line, size_t size, int at, int room)
{
	char bar[BAR_MAX + 1] = "";

	if (room > BAR_MAX)
		room = BAR_MAX;
	memset(bar, '-', room);
	memset(bar, '#', part_done() * room);
	return add(line, size, at, "[%s] ", bar);
}

/* The most that has room. Returns: the length, which of the least may be more. */
static int format_line(char *line, size_t size, uint64_t elapsed, int width)
{
	int head = add(line, size, 0, "%s: %s  ", progress.program, progress.what);
	char numbers[LINE_MAX_SIZE / 2];

	for (size_t i = 0;; i++) {
		int room = width - head - format_numbers(numbers, sizeof(numbers), forms[i], elapsed);
		bool bar = progress.total && forms[i] & WITH_BAR;

		if (bar)
			room -= strlen("[] ");
		if (i + 1 < NR_FORMS && room < (bar ? BAR_MIN : 0))
			continue;
		if (bar)
			head = add_bar(line, size, head, room);
		return add(line, size, head, "%s", numbers);
	}
}

/* Over all of what stands there, as far as the terminal still has it. */
static void put(const char *text, int width)
{
	int old = progress.width, limit = columns() - 1, n;
	char line[3 * LINE_MAX_SIZE];

	if (old > limit)
		old = limit > 0 ? limit : 0;
	if (width)
		n = snprintf(line, sizeof(line), "\r%-*.*s", old > width ? old : width, width, text);
	else
		n = snprintf(line, sizeof(line), "\r%*s\r", old, "");
	if (write(progress.fd, line, n) == n)
		progress.width = width;
}

static void show_line(uint64_t elapsed)
{
	int limit = columns() - 1, n;
	char line[LINE_MAX_SIZE];

	n = format_line(line, sizeof(line), elapsed, limit);
	if (n > limit)
		n = limit;
	if (n > 0 && is_foreground())
		put(line, n);
}

static void tell(uint64_t elapsed)
{
	char numbers[LINE_MAX_SIZE / 2], text[LINE_MAX_SIZE];

	format_numbers(numbers, sizeof(numbers), FORM_OF_MESSAGE, elapsed);
	snprintf(text, sizeof(text), "%s: %s", progress.what, numbers + strspn(numbers, " "));
	progress.tell(text);
}

void progress_add(uint64_t bytes)
{
	uint64_t now;

	if (!progress.going_on)
		return;
	progress.done += bytes;
	now = now_ms();
	if (now < progress.next)
		return;
	progress.next = now + progress.each_ms;
	if (progress.tell)
		tell(now - progress.began);
	else
		show_line(now - progress.began);
}

void progress_clear(void)
{
	if (progress.width && is_foreground())
		put("", 0);
}

void progress_end(void)
{
	progress_clear();
	progress.width = 0;
	if (progress.fd >= 0)
		close(progress.fd);
	progress.fd = -1;
	progress.going_on = false;
}
