// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "image/progress.h"

/* Milliseconds: what is over before is not worth a line, and nobody reads faster. */
#define FIRST_MS 500
#define EACH_MS	 100

#define LINE_MAX_SIZE 256
#define BAR_MIN	      5
#define BAR_MAX	      30

static struct {
	const char *program; /* NULL: nothing is shown */
	int fd; /* of the terminal; -1: nothing is going on */
	const char *what;
	uint64_t total, done;
	uint64_t began, next; /* when the line is to be written again */
	int width; /* of what stands there; 0: nothing */
} progress = { .fd = -1 };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

void progress_allow(const char *program)
{
	progress.program = isatty(STDERR_FILENO) ? program : NULL;
}

/*
 * Processes may be stopped meanwhile: a terminal that takes nothing must not make us wait, nor one that is another's
 * now.
 */
void progress_begin(const char *what, uint64_t total)
{
	char path[32];

	if (!progress.program)
		return;
	progress_end();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", STDERR_FILENO);
	progress.fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	progress.what = what;
	progress.total = total;
	progress.done = 0;
	progress.began = now_ms();
	progress.next = progress.began + FIRST_MS;
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

static void format_bytes(char *text, size_t size, double bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i = 0;

	for (bytes /= 1024; bytes >= 1000 && i < 4; i++)
		bytes /= 1024;
	snprintf(text, size, "%.1f %s", bytes, units[i]);
}

/* What was estimated may not be enough. */
static double part_done(void)
{
	return progress.done < progress.total ? (double)progress.done / progress.total : 1;
}

static int format_numbers(char *text, size_t size, uint64_t now)
{
	char done[32], total[32], rate[32];

	format_bytes(done, sizeof(done), progress.done);
	format_bytes(rate, sizeof(rate), progress.done * 1000.0 / (now - progress.began));
	if (!progress.total)
		return snprintf(text, size, "%s, %s/s", done, rate);
	format_bytes(total, sizeof(total), progress.total > progress.done ? progress.total : progress.done);
	return snprintf(text, size, "%3d%%  %s of %s, %s/s", (int)(part_done() * 100), done, total, rate);
}

/* The bar has what room the rest leaves. */
static int format_line(char *line, size_t size, uint64_t now, int width)
{
	char numbers[LINE_MAX_SIZE / 2], bar[BAR_MAX + 1] = "";
	int n = snprintf(line, size, "%s: %s  ", progress.program, progress.what);
	int room = width - n - format_numbers(numbers, sizeof(numbers), now) - (int)strlen("[] ");

	if (!progress.total || room < BAR_MIN)
		return n + snprintf(line + n, size - n, "%s", numbers);
	if (room > BAR_MAX)
		room = BAR_MAX;
	memset(bar, '-', room);
	memset(bar, '#', part_done() * room);
	return n + snprintf(line + n, size - n, "[%s] %s", bar, numbers);
}

/* Over all of what stands there. */
static void put(const char *text, int width)
{
	int old = progress.width, n;
	char line[3 * LINE_MAX_SIZE];

	if (width)
		n = snprintf(line, sizeof(line), "\r%-*.*s", old > width ? old : width, width, text);
	else
		n = snprintf(line, sizeof(line), "\r%*s\r", old, "");
	if (write(progress.fd, line, n) == n)
		progress.width = width;
}

static void show(uint64_t now)
{
	int limit = columns() - 1, n;
	char line[LINE_MAX_SIZE];

	n = format_line(line, sizeof(line), now, limit);
	if (n > limit)
		n = limit;
	if (n > 0 && is_foreground())
		put(line, n);
}

void progress_add(uint64_t bytes)
{
	uint64_t now;

	if (progress.fd < 0)
		return;
	progress.done += bytes;
	now = now_ms();
	if (now < progress.next)
		return;
	progress.next = now + EACH_MS;
	show(now);
}

void progress_end(void)
{
	if (progress.fd < 0)
		return;
	if (progress.width && is_foreground())
		put("", 0);
	close(progress.fd);
	progress.fd = -1;
}
