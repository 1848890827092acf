/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colours of what is printed for people: few, and nothing is told by them alone.
 */
#ifndef CRLOCK_COLOUR_H
#define CRLOCK_COLOUR_H

#include <stdbool.h>

#define COLOUR_WRONG "\033[31m" /* or soon to be taken away */
#define COLOUR_WAITS "\033[33m"
#define COLOUR_END   "\033[m"

/** COLOUR_WHEN - What --help says of it. */
#define COLOUR_WHEN "auto, the default: on a terminal; always; never"

/** colour_take - Takes the value of --color; NULL is auto, as util-linux has it. Returns: the exit status. */
int colour_take(const char *when);

/** colour_wanted - Whether standard output is to have colours. */
bool colour_wanted(void);

/** colour - Returns: a sequence, or "" if there are to be no colours. */
const char *colour(const char *sequence);

#endif
