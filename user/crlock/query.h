/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options by which commands choose locks, and the reading of these.
 */
#ifndef CRLOCK_QUERY_H
#define CRLOCK_QUERY_H

#include <getopt.h>

#include "locks/list.h"

struct query {
	struct lock_query query;
	const char *file;
	enum lock_from from;
};

/** QUERY_OPTIONS - For getopt_long(3). */
#define QUERY_OPTIONS "p:f:k:s:"

/* clang-format off */
/** QUERY_LONG_OPTIONS - For getopt_long(3). */
#define QUERY_LONG_OPTIONS \
	{ "pid", required_argument, NULL, 'p' }, \
	{ "file", required_argument, NULL, 'f' }, \
	{ "kind", required_argument, NULL, 'k' }, \
	{ "source", required_argument, NULL, 's' }, \
	{ "no-load", no_argument, NULL, 'N' }
/* clang-format on */

/** query_take_option - Takes one of these options, with optarg. Returns: the exit status. */
int query_take_option(struct query *query, int option);

/** query_free - Frees what options took. */
void query_free(struct query *query);

/** query_find_file - Finds the file of --file, and says why it cannot. Returns: the exit status. */
int query_find_file(struct query *query);

/** query_check_pids - Says which process of --pid is not there. Returns: the exit status. */
int query_check_pids(const struct query *query);

/**
 * query_try - Reads locks, and says nothing.
 * @which: which locks; of @query only the source is used
 * @list: gets the locks; the caller frees it, also after an error
 * @report: gets what is to be said
 *
 * Returns: the exit status.
 */
int query_try(const struct query *query, const struct lock_query *which, struct lock_list *list,
	      struct lock_report *report);

/**
 * query_read - Reads locks, and says what is to be said.
 * @which: which locks; of @query only the source is used
 * @list: gets the locks; the caller frees it, also after an error
 *
 * Returns: the exit status.
 */
int query_read(const struct query *query, const struct lock_query *which, struct lock_list *list);

#endif
