// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "criu/say.h"
#include "image/status.h"
#include "locks/buffer.h"

/* What is named may come from strangers. */
static void print(const char *format, va_list args, const char *more)
{
	struct lock_buffer line = { 0 };
	char text[8192];

	vsnprintf(text, sizeof(text), format, args);
	lock_buffer_printable(&line, text);
	fprintf(stderr, "crlock-criu: %s%s\n", lock_buffer_text(&line), more);
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
