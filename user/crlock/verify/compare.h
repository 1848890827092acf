/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reading of text against one of the module.
 */
#ifndef VERIFY_COMPARE_H
#define VERIFY_COMPARE_H

#include "crlock/verify/findings.h"
#include "crlock/verify/shown.h"
#include "crlock/verify/tasks.h"

/* Lines that are there and that should be, to be paired. */
struct pairing {
	struct entry **wanted, **got;
	size_t nr_wanted, nr_got;
	enum rule rules; /* the first of this kind of lines */
	struct place place;
	struct findings *findings;
	bool (*forgive)(const struct entry *got, const void *data); /* a line too many; may be NULL */
	const void *data;
};

/**
 * pair_all - Pairs lines, and notes how they differ, and those that are alone.
 *
 * The arrays are put in another order. What is equal is paired first. A request's line gets its task.
 *
 * Returns: whether all were equal.
 */
bool pair_all(struct pairing *pairing);

/** compare_locks - Lines of held locks in /proc/locks. */
void compare_locks(struct findings *findings, const struct lock_list *list, struct shown *shown);

/** compare_fdinfo - Lines of all descriptors, also such as few kernels have. */
void compare_fdinfo(struct findings *findings, const struct lock_list *list, struct shown *shown);

/** compare_waiters - Lines of requests. */
void compare_waiters(struct findings *findings, const struct lock_list *list, struct shown *shown,
		     struct tasks *tasks);

/* Levels of requests deeper than this are not looked at. */
#define REQUEST_DEPTH_MAX 1024

/** can_wait_for - Whether a request can be beneath a lock or request: that is of the same file, and in its way. */
bool can_wait_for(const struct proc_lock *request, const struct proc_lock *above);

/**
 * compare_told - How the leases of a descriptor are being broken, and which requests are behind its locks.
 * @wanted: the lines that it has, in order, with their locks
 */
void compare_told(struct findings *findings, const struct shown *shown, const struct shown_fd *fd,
		  const struct place *place, const struct entry *wanted);

/** compare_requesters - Requests in fdinfo, and the threads that wait, and as many as in /proc/locks. */
void compare_requesters(struct findings *findings, const struct lock_list *list, const struct shown *shown,
			const struct tasks *tasks);

/** tells_break - Whether a line is there that tells how a lease is being broken, and is right. */
bool tells_break(const struct shown *shown, const struct entry *told, const struct lock *lock);

/**
 * told_requests - What /proc/locks has of requests of which fdinfo tells the process, and the file.
 * @lines: for tells_request(); the caller frees it; NULL without memory
 *
 * Returns: how many.
 */
size_t told_requests(const struct shown *shown, struct proc_lock **lines);

/** tells_request - Whether fdinfo tells the process and the file of a request of /proc/locks. */
bool tells_request(const struct proc_lock *lines, size_t nr, const struct entry *request);

/** add_limits - Notes what the format does not tell of what is there. */
void add_limits(struct findings *findings, const struct lock_list *list, struct shown *shown,
		struct tasks *tasks, uint64_t counts[NR_RULES]);

#endif
