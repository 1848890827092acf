// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crlock/colour.h"
#include "crlock/say.h"

static enum { AUTO, ALWAYS, NEVER } when;

int colour_take(const char *text)
{
	if (!text || !strcmp(text, "auto"))
		when = AUTO;
	else if (!strcmp(text, "always"))
		when = ALWAYS;
	else if (!strcmp(text, "never"))
		when = NEVER;
	else
		return say_usage("--color: %s: not auto, always or never", text);
	return STATUS_OK;
}

/* See no-color.org: of the variable only that it is not empty counts, and options of the command come first. */
static bool may_be(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return !(no && *no) && terminal && *terminal && strcmp(terminal, "dumb") != 0 &&
	       isatty(STDOUT_FILENO);
}

bool colour_wanted(void)
{
	return when == ALWAYS || (when == AUTO && may_be());
}

const char *colour(const char *sequence)
{
	return colour_wanted() ? sequence : "";
}
