/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that wait for locks. /proc/locks shows of who waits at most the process; a thread that does is in
 * flock(2) or fcntl(2), and /proc/PID/task/TID/syscall shows with which arguments.
 */
#ifndef LOCKS_ASKERS_H
#define LOCKS_ASKERS_H

#include "locks/lock.h"
#include "procfs/tree.h"

struct lock_asker {
	pid_t tgid, tid;
	uint8_t kind; /* FLOCK, POSIX or OFD */
	uint8_t type; /* F_RDLCK or F_WRLCK */
	bool ranged; /* the range is known */
	int64_t start, end;
	uint64_t ino;
	uint32_t dev_major, dev_minor; /* of the superblock */
	uint64_t since; /* nanoseconds of its processor's clock, when it ran last; 0: not known */
};

/* All zero: empty. */
struct lock_askers {
	struct lock_asker *rows;
	size_t nr;
};

/**
 * lock_askers_read - Finds the threads of processes that wait.
 * @askers: the caller frees it with lock_askers_free(), also after an error
 * @kinds: bits 1 << enum crlock_kind of the locks
 *
 * What cannot be read is gone, or not ours to read, and is left out.
 *
 * Returns: 0 or -ENOMEM.
 */
int lock_askers_read(struct lock_askers *askers, const struct proc_pids *pids, uint32_t kinds);

/** lock_askers_free - Frees what it owns. */
void lock_askers_free(struct lock_askers *askers);

/** lock_is_asking - Whether a system call is one that can wait for a lock of flock(2) or fcntl(2). */
bool lock_is_asking(long call);

#endif
