/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that tests start to be looked at. None outlives the test.
 */
#ifndef KMOD_CHILD_H
#define KMOD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One of them, and the parent's ends of pipes from and to it. */
struct child {
	pid_t pid;
	int from, to;
};

/* What a child does. */
typedef void child_fn(void *data);

/**
 * child_start - Starts a child and waits until it has done its first part.
 * @first: what it does then; NULL: nothing
 * @then: what it does after that, which may take until the child is killed; NULL: nothing
 * @data: for both
 *
 * After both parts it waits for child_end(). Returns: whether the first part came to its end.
 */
bool child_start(struct child *child, child_fn *first, child_fn *then, void *data);

/** child_end - Ends a child and reaps it, and any other that has ended. */
void child_end(struct child *child);

/** child_run - Does something in a child. Returns: whether it came to its end. */
bool child_run(child_fn *fn, void *data);

/** child_await - Waits for a state of a thread, a letter of /proc/TID/stat. Returns: whether it came. */
bool child_await(pid_t tid, char state);

/** shared_memory - Zeroed memory that children share with the test. Returns: NULL without. */
void *shared_memory(size_t size);

/**
 * until - Waits until a condition holds, for about a minute at most.
 *
 * Returns: whether it does.
 */
#define until(condition) \
	({ \
		bool holds_; \
		for (int tries_ = 0; !(holds_ = (condition)) && tries_ < 12000; tries_++) \
			usleep(5000); \
		holds_; \
	})

#endif
