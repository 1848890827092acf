/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/fdinfo/FD: an open file description, and the locks that were set by it. See proc_pid_fdinfo(5)
 * and seq_show() of the kernel's fs/proc/fd.c.
 */
#ifndef PROCFS_FDINFO_H
#define PROCFS_FDINFO_H

#include "procfs/locks.h"

struct proc_fdinfo {
	int64_t pos;
	uint32_t flags; /* of open(2), with O_CLOEXEC of the descriptor */
	int mnt_id; /* as in mountinfo, -1 if it was not told */
	bool has_ino; /* told since Linux 5.14 */
	uint64_t ino; /* as /proc/locks has it */
};

/*
 * What is to be done with locks. What a function returns, if not 0, ends the reading.
 */
struct proc_fdinfo_fns {
	/* For each lock, and where the kernel tells them, after it for each request that waits for it, as depth says. */
	int (*lock)(const struct proc_lock *lock, void *data);
	/* After the lock, where the kernel tells how it is being broken; NULL is allowed. */
	int (*lease)(const struct proc_break *told, void *data);
};

/**
 * proc_fdinfo_read - Reads about one descriptor.
 * @dir: directory of the process
 * @lines: for use meanwhile
 * @fns: NULL if locks are not wanted
 *
 * Locks: those of the description, and of POSIX locks those of the process's own table.
 *
 * Returns: 0, what a function returned, -EINVAL if it makes no sense, or an error of open(2) or read(2).
 */
int proc_fdinfo_read(int dir, int fd, struct proc_lines *lines, struct proc_fdinfo *info,
		     const struct proc_fdinfo_fns *fns, void *data);

/** proc_fdinfo_line - Takes in one line. Returns: as proc_fdinfo_read(). */
int proc_fdinfo_line(struct proc_text line, struct proc_fdinfo *info, const struct proc_fdinfo_fns *fns,
		     void *data);

#endif
