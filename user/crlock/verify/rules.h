/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `crlock verify` looks for. Three kinds of lines have the same rules, in the same order: those of
 * locks in /proc/locks, those of fdinfo, and those of requests that wait.
 */
#ifndef VERIFY_RULES_H
#define VERIFY_RULES_H

#include <stdbool.h>

/* Rules of one kind of lines, to be added to the first of the kind. */
enum rule_of_line {
	OF_MISSING,
	OF_EXTRA,
	OF_KIND, /* from here on as enum field */
	OF_STATE,
	OF_TYPE,
	OF_PID,
	OF_INODE,
	OF_DEVICE,
	OF_RANGE,
	OF_FORM,
	OF_NUMBER,
	NR_OF_LINE,
};

enum rule {
	RULE_LOCKS,
	RULE_FDINFO = RULE_LOCKS + NR_OF_LINE,
	RULE_WAITER = RULE_FDINFO + NR_OF_LINE,
	RULE_FDINFO_ORDER = RULE_WAITER + NR_OF_LINE,
	RULE_WAITER_LOCK,
	RULE_WAITER_LEVEL,
	/* Lines that few kernels have: behind that of a lock in fdinfo. */
	RULE_FDINFO_BREAK,
	RULE_BLOCKED_MISSING,
	RULE_BLOCKED_EXTRA,
	RULE_BLOCKED_LOCK,
	RULE_BLOCKED_LEVEL,
	RULE_BLOCKED_FORM,
	/* What text cannot tell. */
	RULE_HELD_TYPE,
	RULE_DEADLINE,
	RULE_NOTICE,
	RULE_OFD_PID,
	RULE_SETTER_GONE,
	RULE_HIDDEN,
	RULE_HOLDER_MAPPING,
	RULE_HOLDER_IN_FLIGHT,
	RULE_HOLDER_UNKNOWN,
	RULE_STAT_DEVICE,
	RULE_ALIKE,
	RULE_LIST_ORDER,
	RULE_LAYOUT,
	RULE_WAITER_SETTER,
	RULE_WAITER_FILE,
	RULE_WAITER_REMOTE,
	NR_RULES,
};

struct rule_text {
	const char *id;
	const char *what; /* is wrong, or cannot be told */
	const char *example;
};

extern const struct rule_text rules[NR_RULES];

/** rule_is_limit - Whether a rule is about what the format cannot tell, and no kernel is wrong. */
static inline bool rule_is_limit(enum rule rule)
{
	return rule >= RULE_HELD_TYPE;
}

/** rule_verdict - "kernel" or "format". */
static inline const char *rule_verdict(enum rule rule)
{
	return rule_is_limit(rule) ? "format" : "kernel";
}

#endif
