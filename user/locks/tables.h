/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors of all processes, put together by open file description: which processes hold which, and
 * what fdinfo says of their locks. For use without the module.
 */
#ifndef LOCKS_TABLES_H
#define LOCKS_TABLES_H

#include "locks/lock.h"
#include "procfs/fdinfo.h"

/* One descriptor. A thread may have a table of its own. */
struct lock_descriptor {
	pid_t tgid, tid;
	int fd;
	uint32_t flags; /* as in struct proc_fdinfo */
};

/* An open file description with locks. */
struct lock_description {
	struct lock_descriptor first; /* the others are compared with it */
	int mnt_id;
	uint64_t ino;
	struct proc_lock *locks; /* each once; behind it the requests for it, where the kernel tells them */
	size_t nr_locks;
	struct lock_descriptor *holders;
	size_t nr_holders;
	pid_t last_tid; /* whose table was looked at last */
};

struct lock_tables {
	struct lock_description **descriptions;
	size_t nr;
	size_t unreadable; /* processes whose descriptors may not be read */
	bool cannot_compare; /* kcmp(2) is not there: shared descriptions were not told */
};

/**
 * lock_tables_read - Reads the descriptors of all processes.
 * @tables: the caller frees it with lock_tables_free(), also after an error
 *
 * Returns: 0, or a negative errno value if /proc cannot be read or there is no memory.
 */
int lock_tables_read(struct lock_tables *tables);

/**
 * lock_tables_read_again - Reads what fdinfo tells now of the locks of one description.
 * @locks: gets them, in the order of proc_lock_compare(), some perhaps twice; the lines are to be freed, also after
 *         an error
 *
 * Returns: 0, or a negative errno value if /proc cannot be read or there is no memory.
 */
int lock_tables_read_again(const struct lock_description *description, struct proc_lock_list *locks);

/** lock_tables_free - Frees what it owns. */
void lock_tables_free(struct lock_tables *tables);

/** lock_requests_of - The number of requests behind a lock of a description. */
static inline size_t lock_requests_of(const struct lock_description *description, size_t i)
{
	size_t next = i + 1;

	while (next < description->nr_locks && description->locks[next].depth)
		next++;
	return next - i - 1;
}

#endif
