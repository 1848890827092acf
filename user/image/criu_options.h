/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of criu(8) that no program here has itself: which may be given all the same, and why others may not.
 */
#ifndef IMAGE_CRIU_OPTIONS_H
#define IMAGE_CRIU_OPTIONS_H

#include <getopt.h>
#include <stddef.h>

/* What getopt_long() returns for the first of them. */
#define CRIU_OPTION_FIRST 1024

/* More than a program's own options and these have. */
#define CRIU_OPTIONS_MAX 128

/* Which of them have one letter too, as getopt_long() wants it. */
#define CRIU_OPTIONS_LETTERS "lr:L:J:W:"

/**
 * criu_options_join - Makes one table of a program's own options and of those of criu(8) that it has not.
 * @joined: gets it, with its end
 * @own: ends as getopt_long() wants it
 */
void criu_options_join(struct option joined[CRIU_OPTIONS_MAX], const struct option *own);

/**
 * criu_option_index - Which option getopt_long() has returned the number or the letter of.
 *
 * Returns: its index for the next functions, -1: it is none of these.
 */
int criu_option_index(int option);

/** criu_option_name - Its long name, without dashes. */
const char *criu_option_name(int index);

/** criu_option_refusal - Why it may not be given. @argument: its value or NULL. Returns: NULL: it may. */
const char *criu_option_refusal(int index, const char *argument);

#endif
