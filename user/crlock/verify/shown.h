/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc, or a copy of its text, shows of locks: all lines of /proc/locks, and those of fdinfo.
 */
#ifndef VERIFY_SHOWN_H
#define VERIFY_SHOWN_H

#include "crlock/verify/entry.h"

/* More lines than this of one kind are not read: that is some 200 MB. */
#define SHOWN_MAX (1 << 21)

struct shown_lines {
	struct entry *entries;
	size_t nr;
};

/* A descriptor whose fdinfo has locks. */
struct shown_fd {
	pid_t tgid, tid;
	int fd;
	size_t first, nr; /* of its lines */
	size_t first_told, nr_told;
	size_t first_request, nr_requests;
};

struct shown {
	bool live; /* not a copy, which is of an earlier time */
	struct shown_lines locks; /* held ones and requests */
	struct shown_lines fdinfo;
	struct shown_lines told; /* how leases are being broken: fdinfo's, of few kernels */
	struct shown_lines requests; /* fdinfo's, of few kernels */
	struct shown_fd *fds; /* by tid and fd */
	size_t nr_fds;
	size_t nr_descriptors; /* that were looked at */
	size_t unreadable; /* processes whose descriptors were not */
};

/**
 * shown_read - Reads it.
 * @root: /proc, or a directory with a copy of locks and of N/fdinfo/N
 * @live: whether it is /proc
 *
 * The caller frees it with shown_free(), also after an error.
 *
 * Returns: 0; -E2BIG: more than %SHOWN_MAX lines; or another negative errno value.
 */
int shown_read(struct shown *shown, const char *root, bool live);

/** shown_free - Frees what it owns and empties it. */
void shown_free(struct shown *shown);

/**
 * shown_break - The line behind that of a lease that tells how it is being broken.
 * @nr: the number of the lease's line
 *
 * Returns: it, as text, and parsed if that could be; or NULL.
 */
const struct entry *shown_break(const struct shown *shown, const struct shown_fd *fd, uint64_t nr);

/** shown_find - The descriptor of a table, or NULL if it shows no locks. */
const struct shown_fd *shown_find(const struct shown *shown, pid_t tid, int fd);

#endif
