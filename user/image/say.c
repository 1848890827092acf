// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/message.h"
#include "image/progress.h"
#include "image/say.h"
#include "image/status.h"

static int stderr_fd = STDERR_FILENO;

int say_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);

	if (fd < 0)
		return -errno;
	if (stderr_fd != STDERR_FILENO)
		close(stderr_fd);
	stderr_fd = fd;
	return 0;
}

int say_log_file(const char *path)
{
	int err = say_to(path);

	if (!err)
		return STATUS_OK;
	say("%s: %s", path, strerror(-err));
	return STATUS_USAGE;
}

bool say_to_file(void)
{
	return stderr_fd != STDERR_FILENO;
}

int say_elsewhere(int lowest)
{
	int fd = fcntl(stderr_fd, F_DUPFD_CLOEXEC, lowest);

	if (fd < 0)
		return errno == EBADF ? 0 : -errno;
	if (stderr_fd != STDERR_FILENO)
		close(stderr_fd);
	stderr_fd = fd;
	return 0;
}

static const char *program;
static int most = MESSAGE_LEVEL_DEFAULT;
static bool json;

void say_as(const char *name)
{
	program = name;
}

int say_level(const char *text)
{
	int level = message_level_parse(most, text);

	if (level >= 0)
		most = level;
	return level;
}

void say_json(void)
{
	json = true;
}

static const char *program_name(void)
{
	return program ?: program_invocation_short_name;
}

/* What is said while nobody is to wait for a reader. */
static bool later;
static struct lock_buffer kept, kept_list;

/* In one piece: others may write to the same file. */
static void write_messages(struct lock_buffer *lines)
{
	progress_clear();
	dprintf(stderr_fd, "%s", lock_buffer_text(lines));
	lock_buffer_free(lines);
}

static void print(enum message_level level, pid_t pid, int fd, const char *text)
{
	const struct message message = { program_name(), level, pid, fd, text };
	struct lock_buffer line = { 0 };

	message_add(later ? &kept : &line, &message, json);
	if (!later)
		write_messages(&line);
}

void say_later(void)
{
	later = true;
}

void say_now(void)
{
	bool lost = kept.failed || kept_list.failed;

	later = false;
	fputs(lock_buffer_text(&kept_list), stdout);
	lock_buffer_free(&kept_list);
	if (kept.len)
		write_messages(&kept);
	lock_buffer_free(&kept);
	if (lost)
		say("%s: not all is said that there was to say", strerror(ENOMEM));
}

void say_listed(const char *line)
{
	lock_buffer_printable(&kept_list, line);
	lock_buffer_add(&kept_list, "\n");
	if (!later)
		say_now();
}

static void print_format(enum message_level level, const char *format, va_list args, const char *more)
{
	char text[8192 + 64];
	size_t len;

	if ((int)level > most)
		return;
	vsnprintf(text, 8192, format, args);
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, "%s", more);
	print(level, 0, -1, text);
}

/* Whoever asks for it has it on every level. Processes may be stopped meanwhile: it does not wait for its reader. */
static void say_progress(const char *text)
{
	const struct message message = { program_name(), MESSAGE_INFO, 0, -1, text };
	struct pollfd out = { .fd = stderr_fd, .events = POLLOUT };
	struct lock_buffer line = { 0 };

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
		return;
	message_add(&line, &message, json);
	write_messages(&line);
}

void say_allow_progress(void)
{
	progress_allow(program_name(), most && !json && !say_to_file(), say_progress);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(MESSAGE_ERROR, format, args, "");
	va_end(args);
}

void say_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(MESSAGE_WARNING, format, args, "");
	va_end(args);
}

void say_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(MESSAGE_INFO, format, args, "");
	va_end(args);
}

void say_of(pid_t pid, int fd, const char *text)
{
	if (most)
		print(MESSAGE_ERROR, pid, fd, text);
}

int say_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(MESSAGE_ERROR, format, args, " (--help tells more)");
	va_end(args);
	return STATUS_USAGE;
}

int say_written(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	if (errno != EPIPE)
		say("standard output: %s", errno ? strerror(errno) : "write error");
	return STATUS_IN_THE_WAY;
}
