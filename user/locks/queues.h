/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which threads wait for a lock. To stop a thread is to take its request back: once it goes on it
 * asks again, behind all that have asked meanwhile. Who lets threads go that wait for the same lock does so in the
 * order in which they had waited, each once the one before it waits again.
 */
#ifndef LOCKS_QUEUES_H
#define LOCKS_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Threads that wait for one lock, for it itself or behind each other, in order. */
struct lock_queue {
	pid_t *tids; /* owned */
	size_t nr;
};

/* All zero: empty. */
struct lock_queues {
	struct lock_queue *queues;
	size_t nr;
};

/**
 * lock_queues_read - Reads who waits for what several wait for, which must not be stopped yet.
 * @queues: the caller frees it with lock_queues_free(), also after an error
 * @root: a process; it and those that descend from it matter
 *
 * /proc/locks has the order, and which process waits; which of its threads is told by what it asks for. Of
 * several that ask for the same, the one that has slept for longer is taken to have come first.
 *
 * Returns: 0, -ESRCH if there is no such process, -ENOMEM, or another error of reading.
 */
int lock_queues_read(struct lock_queues *queues, pid_t root);

/** lock_queues_free - Frees what it owns. */
void lock_queues_free(struct lock_queues *queues);

/** lock_queues_add - Appends an empty queue. Returns: it, or NULL without memory. */
struct lock_queue *lock_queues_add(struct lock_queues *queues);

/** lock_queue_add - Appends a thread. Returns: 0 or -ENOMEM. */
int lock_queue_add(struct lock_queue *queue, pid_t tid);

/** lock_queues_keep - Drops threads that a function says no to, and queues of less than two. */
void lock_queues_keep(struct lock_queues *queues, bool (*keep)(pid_t tid));

/**
 * lock_queues_let_go - Lets threads go on that are to wait again, in their order.
 * @let_go: lets a thread go; false: it is none that goes on
 *
 * Who holds the locks should not go on yet. A thread that gets its lock at once is not waited for, nor is one
 * for longer than some seconds, all together.
 *
 * Returns: how many were not seen to wait, though they should.
 */
size_t lock_queues_let_go(const struct lock_queues *queues, bool (*let_go)(pid_t tid, void *data),
			  void *data);

#endif
