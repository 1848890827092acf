/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command lines of all commands have in common.
 */
#ifndef CRLOCK_OPTIONS_H
#define CRLOCK_OPTIONS_H

#include <getopt.h>

#include "procfs/text.h"

/**
 * options_each - Takes all options, of which there is nothing but.
 * @options: for getopt_long(3), with a colon first: what lacks a value is told apart from what is unknown
 * @take: takes one, with optarg, and returns the exit status: not 0 ends it
 *
 * Returns: the exit status.
 */
int options_each(int argc, char **argv, const char *options, const struct option *long_options,
		 int (*take)(void *data, int option), void *data);

/** options_each_word - Takes each word of a list that is separated by commas. Returns: the exit status. */
int options_each_word(const char *list, int (*take)(void *data, struct proc_text word), void *data);

/**
 * options_number_of - The number of a name.
 * @parse: as lock_kind_parse()
 *
 * Returns: it, -1: there is none of that name.
 */
int options_number_of(struct proc_text word, int (*parse)(const char *name));

/**
 * options_columns - Takes each of a list of columns, which a plus may be before, and says which is wrong.
 * @add: adds the column of a name; returns 0, -EINVAL if there is none, or -E2BIG if there are too many
 *
 * Returns: the exit status.
 */
int options_columns(const char *names, int (*add)(void *choice, const char *name, size_t len), void *choice);

#endif
