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
	struct task *tasks;
	size_t nr;
	bool hidden; /* not all threads could be asked */
	bool inside; /* of a pid namespace, beyond which threads are not visible */
	bool lockd; /* this machine serves locks to others */
};

/** tasks_read - Reads them. Returns: 0 or -ENOMEM or an error of reading /proc. */
int tasks_read(struct tasks *tasks);

/** tasks_free - Frees it. */
void tasks_free(struct tasks *tasks);

/** tasks_same_owner - Whether two that wait for locks are one owner, and not in each other's way. */
bool tasks_same_owner(const struct task *a, const struct task *b);

#endif
