/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "crlock/query.h"
#include "crlock/verify/findings.h"

/* Exit statuses beside 0. */
enum {
	VERIFY_DIFFERENT = 1,
	VERIFY_CANNOT = 2,
};

struct verify_options {
	const char *root; /* NULL: /proc */
	struct query query;
	unsigned int rounds;
	unsigned int seconds; /* 0: once */
	bool json, verbose, list, help;
};

/* What came out. */
struct verify_result {
	struct findings differences; /* of the kernel */
	struct findings limits; /* of the format, at the last reading */
	uint64_t counts[NR_RULES]; /* of limits */
	uint64_t nr_checks, nr_readings;
	size_t nr_locks, nr_requests, nr_descriptors, nr_fdinfo; /* at the last reading */
	char lacking[LOCK_TEXT_MAX]; /* what could not be compared; or empty */
};

/**
 * verify_check - Compares until what differs has stayed in all rounds, or is none.
 * @error: gets one line, if it fails
 *
 * Returns: 0 or a negative errno value.
 */
int verify_check(struct verify_result *result, const struct verify_options *options,
		 char error[LOCK_TEXT_MAX]);

/** verify_result_free - Frees what it owns. */
void verify_result_free(struct verify_result *result);

/** verify_print - Prints what came out. Returns: 0 or -ENOMEM. */
int verify_print(struct verify_result *result, const struct verify_options *options);

/** verify_print_rules - Prints the rules. Returns: 0 or -ENOMEM. */
int verify_print_rules(bool json);

#endif
