/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/locks, and the "lock:" lines of /proc/PID/fdinfo/FD, which look the same; see
 * lock_get_status() of the kernel's fs/locks.c and proc_locks(5).
 */
#ifndef PROCFS_LOCKS_H
#define PROCFS_LOCKS_H

#include <linux/crlock.h>

#include "procfs/file.h"

/** PROC_LOCK_KIND_UNKNOWN - In kind: a word that is not known here. */
#define PROC_LOCK_KIND_UNKNOWN (-1)

enum proc_lock_state {
	PROC_LOCK_ACTIVE, /* also of a lock that is no lease */
	PROC_LOCK_BREAKING,
	PROC_LOCK_BREAKER, /* an open that waits for a lease to be given up */
};

/** PROC_NO_DEADLINE - In a deadline: there is no limit. */
#define PROC_NO_DEADLINE (-1)

/*
 * How a lease is being broken: the "lease:" line that some kernels have in fdinfo behind that of the lock. Times
 * are in milliseconds, and 0 once they are over.
 */
struct proc_break {
	uint64_t nr; /* of the lock */
	uint8_t held; /* F_RDLCK or F_WRLCK */
	uint8_t target; /* F_RDLCK or F_UNLCK */
	bool downgrade, unlock; /* which is pending */
	int64_t downgrade_ms, unlock_ms;
};

/* One line, as it is. */
struct proc_lock {
	uint64_t nr; /* a request that waits has the number of the lock that is held */
	unsigned int depth; /* 0: held; 1: waits for that; 2: waits for a request of depth 1; ... */
	int kind; /* enum crlock_kind; a layout is shown as a lease */
	enum proc_lock_state state;
	bool access; /* ACCESS: a read or write that waits, and no lock */
	bool mandatory;
	uint8_t type; /* F_RDLCK, F_WRLCK or F_UNLCK; of a breaking lease what it is to become */
	pid_t pid; /* -1: a lock of a description; 0: not visible from here */
	bool has_inode; /* false for breakers, shown as <none>:0 */
	uint32_t dev_major, dev_minor; /* of the superblock */
	uint64_t ino;
	int64_t start, end; /* inclusive; CRLOCK_EOF */
	bool is_told; /* a breaking lease of fdinfo: how is told */
	struct proc_break told;
};

/**
 * proc_lock_parse - Reads one line.
 * @line: without what comes before the number
 *
 * Words behind the last that is known are let pass.
 *
 * Returns: 0 or -EINVAL.
 */
int proc_lock_parse(struct proc_text line, struct proc_lock *lock);

/**
 * proc_break_parse - Reads one line about a lease that is being broken.
 * @line: without what comes before the number
 *
 * It is pairs of a word and a value; those that are not known are let pass.
 *
 * Returns: 0 or -EINVAL.
 */
int proc_break_parse(struct proc_text line, struct proc_break *told);

/** proc_lock_fn - Is called for each line. What it returns, if not 0, ends the reading. */
typedef int proc_lock_fn(const struct proc_lock *lock, void *data);

/**
 * proc_lock_compare - Orders lines by what they tell, but for their numbers: each file counts anew.
 * @x, @y: struct proc_lock, as qsort(3) and bsearch(3) have them
 *
 * Returns: 0 if they tell the same, or a negative or positive value.
 */
int proc_lock_compare(const void *x, const void *y);

/* Lines that are kept. It begins as zeros; its memory may be used again, with none in it. */
struct proc_lock_list {
	struct proc_lock *lines; /* owned */
	size_t nr, room;
};

/** proc_lock_list_add - Appends a copy. Returns: 0 or -ENOMEM. */
int proc_lock_list_add(struct proc_lock_list *list, const struct proc_lock *line);

/* What a reading was like. */
struct proc_locks_told {
	size_t strange; /* how many lines are left out, for they are not known here */
	bool at_once; /* and so no lock is passed over */
};

/**
 * proc_locks_each - Calls a function for each line of a file that is as /proc/locks is.
 * @told: gets what the reading was like; may be NULL
 *
 * The kernel tells a page at a time, and goes on at a number: of locks that were taken meanwhile, before that place,
 * so many lines come twice, which is seen here; of locks that were released so many are left out, which is not. A lock
 * is left out with all who wait for it. See seq_hlist_start_percpu() of the kernel's fs/seq_file.c. To open /proc/locks
 * waits for an RCU grace period.
 *
 * Returns: 0, what @fn returned, or a negative errno value.
 */
int proc_locks_each(const char *path, proc_lock_fn *fn, void *data, struct proc_locks_told *told);

/**
 * proc_locks_twice - The same, and all once more if a lock may have been passed over: for who minds no line that
 * comes again.
 */
int proc_locks_twice(const char *path, proc_lock_fn *fn, void *data);

#endif
