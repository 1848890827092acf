// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/status.h"
#include "locks/buffer.h"
#include "restore/say.h"

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

/* What is named may come from strangers. */
static void print(const char *format, va_list args, const char *more)
{
	struct lock_buffer line = { 0 };
	char text[8192];

	vsnprintf(text, sizeof(text), format, args);
	lock_buffer_printable(&line, text);
	dprintf(stderr_fd, "crrestore: %s%s\n", lock_buffer_text(&line), more);
	lock_buffer_free(&line);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args, "");
	va_end(args);
}

int say_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args, " (--help tells more)");
	va_end(args);
	return STATUS_USAGE;
}

int say_written(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	say("standard output: %s", strerror(errno));
	return STATUS_IN_THE_WAY;
}
