// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crlock/say.h"
#include "image/progress.h"
#include "locks/buffer.h"

/* What is named may come from strangers. */
static void print(const char *format, va_list args, const char *more)
{
	struct lock_buffer line = { 0 };
	char text[4096 + 512];

	vsnprintf(text, sizeof(text), format, args);
	lock_buffer_printable(&line, text);
	progress_clear();
	fprintf(stderr, "crlock: %s%s\n", lock_buffer_text(&line), more);
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
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	/* Who reads no further knows that. */
	if (errno != EPIPE)
		say("standard output: %s", errno ? strerror(errno) : "write error");
	return STATUS_FAILURE;
}
