/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the locks of the system, from the module or from /proc.
 */
#ifndef LOCKS_LIST_H
#define LOCKS_LIST_H

#include <crlock.h>

#include "locks/lock.h"

/* Where to read from. */
enum lock_from {
	LOCK_FROM_AUTO, /* the module if it is loaded and may be asked, else /proc */
	LOCK_FROM_KMOD,
	LOCK_FROM_PROC,
};

/** lock_from_parse - The source of a name: auto, kmod or proc; -1: there is none of that name. */
int lock_from_parse(const char *name);

/* What is wanted beyond the locks and holders themselves, as bits; each takes time. */
enum lock_detail {
	LOCK_DETAIL_COMM = 1 << 0, /* names of processes */
	LOCK_DETAIL_PATH = 1 << 1,
	LOCK_DETAIL_MNT_ID = 1 << 2,
	LOCK_DETAIL_WAITERS = 1 << 3,
	LOCK_DETAIL_ALL = (1 << 4) - 1,
};

/* Which locks are wanted. */
struct lock_query {
	struct crlock_filter filter;
	bool by_stat; /* of a file that stat(2) tells these of, by a descriptor that holds the lock */
	dev_t stat_dev;
	ino_t stat_ino;
	uint32_t details; /* bits of enum lock_detail */
};

#define LOCK_TEXT_MAX 512

/* What is to be said about a reading; each text is one line without a newline, or empty. */
struct lock_report {
	char error[LOCK_TEXT_MAX]; /* why it failed */
	char lacking[LOCK_TEXT_MAX]; /* what could not be told, if not everything */
	bool fell_back; /* LOCK_FROM_AUTO took /proc */
};

/**
 * lock_list_read - Reads locks, in the order of lock_list_sort().
 * @list: gets the locks; the caller frees it with lock_list_free(), also after an error
 * @query: which, NULL for all with all details
 * @from: where to read from
 * @report: gets what is to be said
 *
 * The kernel takes no snapshot of all that is read here: paths, names of processes and waiters
 * are those of a moment later than the locks, and what a process does meanwhile can make them
 * another's. Of processes that are stopped they are exact.
 *
 * Returns: 0; -ENOENT, the module is not loaded (LOCK_FROM_KMOD); -EPROTO, it speaks another ABI;
 * -ESRCH, a process of the filter does not exist; -EPERM; -ENOMEM; or another error of reading.
 */
int lock_list_read(struct lock_list *list, const struct lock_query *query, enum lock_from from,
		   struct lock_report *report);

/**
 * lock_read_details - Adds names, paths and mounts to locks that were read without.
 * @details: bits of enum lock_detail
 *
 * Returns: 0 or -ENOMEM.
 */
int lock_read_details(struct lock_list *list, uint32_t details);

/**
 * lock_query_check - Looks for the processes of a query; lock_list_read() does so of its own.
 * @report: gets, as the error, which is not there
 *
 * Returns: 0 or -ESRCH.
 */
int lock_query_check(const struct lock_query *query, struct lock_report *report);

/**
 * lock_query_wants - Whether a lock, of a list of more, is of the file and of a kind that a query asks for. Its
 * processes are not looked at.
 */
bool lock_query_wants(const struct lock_query *query, const struct lock *lock);

/** lock_query_names - Whether a process is one of those that a query asks for. */
bool lock_query_names(const struct lock_query *query, pid_t pid);

/**
 * lock_query_file - Asks for the locks of one file.
 * @query: gets by_inode, by_stat or both
 * @path: of the file, which is not opened in the sense of open(2): no lease is broken
 *
 * Returns: 0 or a negative errno value of open(2).
 */
int lock_query_file(struct lock_query *query, const char *path);

#endif
