/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking locks as a list says them. Nothing here waits for a lock.
 */
#ifndef LOCKS_APPLY_H
#define LOCKS_APPLY_H

#include <fcntl.h>

#include "locks/lock.h"

/*
 * Who makes the system calls: locks belong to the process that does, and break notices name the
 * descriptor that it used. Functions return what the system call did, or a negative errno value.
 */
struct lock_actor {
	int (*flock)(void *data, int fd, int operation);
	int (*fcntl)(void *data, int fd, int cmd, long arg);
	/* The argument is a struct that is read and written. */
	int (*fcntl_struct)(void *data, int fd, int cmd, void *arg, size_t size);
	void *data;
};

/* This process. */
extern const struct lock_actor lock_self;

/**
 * lock_take - Takes a lock of any kind but the state of a lease: that is not broken.
 * @fd: descriptor of the lock's open file description, the actor's
 *
 * Returns: 0; -EAGAIN if a lock, or with a lease an open file, is in the way; -EINVAL if the
 * filesystem has no such locks; -EOPNOTSUPP for delegations and layouts, which only nfsd gives; or
 * another negative errno value.
 */
int lock_take(const struct lock *lock, const struct lock_actor *actor, int fd);

/** lock_drop - Releases what lock_take() took. */
int lock_drop(const struct lock *lock, const struct lock_actor *actor, int fd);

/** lock_is_range - Whether a kind of lock is on a range of bytes. */
bool lock_is_range(unsigned int kind);

/** lock_overlap - Whether the ranges of two locks have a byte in common; whole files have all. */
bool lock_overlap(const struct lock *a, const struct lock *b);

/** lock_conflict - Whether two locks of the same file could not both be held, by different owners. */
bool lock_conflict(const struct lock *a, const struct lock *b);

/* Who hears of a lease break, and how. See fcntl(2) on F_SETOWN_EX and F_SETSIG. */
struct lock_notice {
	struct f_owner_ex owner;
	int signum;
};

/** lock_notice_get - Reads to whom the notices of a description go. */
int lock_notice_get(struct lock_notice *notice, const struct lock_actor *actor, int fd);

/** lock_notice_set - Sets it; a pid of 0 is nobody. */
int lock_notice_set(const struct lock_notice *notice, const struct lock_actor *actor, int fd);

/**
 * lock_lease_break - Breaks a lease that was taken, as far as the recorded one was broken.
 * @fd: descriptor of its open file description, of this process
 * @late: gets whether a deadline could not be set, and is that of /proc/sys/fs/lease-break-time
 *
 * The notice must be silenced. /proc/sys/fs/lease-break-time is changed meanwhile, and other users
 * of this function wait.
 *
 * Returns: 0; -EPROTO if the lease did not break as it should; -EBUSY if another process does the same
 * for too long; or an error of open(2).
 */
int lock_lease_break(const struct lock *lock, int fd, bool *late);

/** lock_lease_target - The type that F_GETLEASE tells of a lease in the recorded state. */
int lock_lease_target(const struct lock *lock);

/** lock_is_breaking - Whether a recorded lease was being broken. */
bool lock_is_breaking(const struct lock *lock);

#endif
