/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences that were found in one reading, and those that stayed over several.
 */
#ifndef VERIFY_FINDINGS_H
#define VERIFY_FINDINGS_H

#include "crlock/verify/entry.h"
#include "crlock/verify/rules.h"

/* More are only counted. */
#define FINDINGS_MAX (1 << 16)

struct finding {
	enum rule rule;
	uint64_t key; /* equal in another reading for the same difference of the same lock */
	pid_t tgid, tid; /* fdinfo, or a thread that waits; 0: none */
	int fd; /* of fdinfo, else -1 */
	char *got, *wanted; /* lines; NULL: there is none, or there should be none */
	struct lock lock; /* the module's, with @has_lock */
	bool has_lock;
	bool has_inode; /* the following: of the line if there is no lock */
	uint32_t dev_major, dev_minor; /* 0 if only the inode is known */
	uint64_t ino;
	pid_t pid; /* that the line has */
	uint64_t times; /* it was found and stayed */
};

struct findings {
	struct finding *findings;
	size_t nr;
	uint64_t left_out; /* beyond %FINDINGS_MAX */
	bool failed; /* there was no memory */
};

/* Where a line is: all zero, with fd -1, for /proc/locks. */
struct place {
	pid_t tgid, tid;
	int fd;
};

/**
 * findings_add - Notes a difference.
 * @wanted: NULL if there should be no line, or if that is not known
 * @got: NULL if there is none
 */
void findings_add(struct findings *findings, enum rule rule, const struct place *place,
		  const struct entry *wanted, const struct entry *got);

/** findings_keep - Leaves those that are among others too. */
void findings_keep(struct findings *findings, struct findings *others);

/** findings_merge - Moves findings to others: each once, and how many times. */
void findings_merge(struct findings *to, struct findings *from);

/** findings_drop - Leaves those that a function says yes to. */
void findings_drop(struct findings *findings, bool (*keep)(const struct finding *finding, const void *data),
		   const void *data);

/** findings_free - Frees what it owns and empties it. */
void findings_free(struct findings *findings);

#endif
