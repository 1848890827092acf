/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that sleep in a system call which waits for a lock or for a lease to be given up, and what for.
 * This is told by the threads, not by the kernel's lists of requests.
 */
#ifndef VERIFY_TASKS_H
#define VERIFY_TASKS_H

#include "crlock/verify/entry.h"

struct task {
	pid_t tgid, tid;
	int fd; /* -1: an open */
	bool remote; /* the file's locks are another machine's, or a server's, to give */
	struct entry wanted; /* as /proc/locks should show it */
};

struct tasks {
	struct task *tasks; /* by tgid, as /proc lists processes; those that were found later are behind */
	size_t nr;
	bool hidden; /* not all threads could be asked */
	bool inside; /* of a pid namespace, beyond which threads are not visible */
	bool lockd; /* this machine serves locks to others */
	unsigned int nr_again; /* how often it was looked again */
};

/** tasks_read - Reads them. Returns: 0 or -ENOMEM or an error of reading /proc. */
int tasks_read(struct tasks *tasks);

/**
 * tasks_look_again - Looks for more threads of a process that wait, a few times.
 * @missing: for how many
 *
 * One that opens a file for reading whose lease is only to be downgraded wakes up at each jiffy, and may be missed: the
 * kernel waits for the time at which the lease is given up whole, of which there is none. See __break_lease().
 *
 * Returns: 0 or -ENOMEM or an error of reading /proc.
 */
int tasks_look_again(struct tasks *tasks, pid_t pid, size_t missing);

/** tasks_free - Frees it. */
void tasks_free(struct tasks *tasks);

/** tasks_same_owner - Whether two that wait for locks are one owner, and not in each other's way. */
bool tasks_same_owner(const struct task *a, const struct task *b);

#endif
