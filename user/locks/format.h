/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks as text for people. Names of strangers are made printable.
 */
#ifndef LOCKS_FORMAT_H
#define LOCKS_FORMAT_H

#include "locks/buffer.h"
#include "locks/lock.h"

/**
 * lock_format_state - Adds the type, and of a breaking lease all that it is to become.
 *
 * "READ"; "WRITE>READ 12.3s", with the time that its holder has; "WRITE>READ 2.0s>UNLCK 40.1s" if
 * both are pending; "WRITE>UNLCK" if there is no deadline; "WRITE>UNLCK ?" if it is not known,
 * "READ?>UNLCK ?" if the held type is a guess.
 */
void lock_format_state(struct lock_buffer *buffer, const struct lock *lock);

/** lock_format_offset - Adds a range's first or last byte: a number or "EOF". */
void lock_format_offset(struct lock_buffer *buffer, int64_t offset);

/** lock_format_seconds - Adds milliseconds as "12.3s". */
void lock_format_seconds(struct lock_buffer *buffer, int64_t ms);

/**
 * lock_format_holder - Adds one holder: "PID:FD", or "PID/TID:FD" of a thread with a table of its own;
 * "PID@ADDRESS(mapping)"; "socket:[INODE](in flight)". A pid that is not visible from here is "?".
 */
void lock_format_holder(struct lock_buffer *buffer, const struct crlock_holder *holder);

/**
 * lock_format_holder_list - Adds holders, with commas between. Names of processes other than
 * @comm, which may be NULL, are added in parentheses.
 */
void lock_format_holder_list(struct lock_buffer *buffer, const struct lock_holder *holders, size_t nr,
			     const char *comm);

/** lock_format_holders - Adds all holders of a lock. */
void lock_format_holders(struct lock_buffer *buffer, const struct lock *lock, const char *comm);

/** lock_format_waiters - Adds all waiters: "PID(COMM) TYPE", breakers as "PID(COMM) open for TYPE". */
void lock_format_waiters(struct lock_buffer *buffer, const struct lock *lock);

/** lock_comm - The name that stands for a lock: of its setter, else of a holder; NULL: unknown. */
const char *lock_comm(const struct lock *lock);

/**
 * lock_format_name - Adds what tells a lock from others, for messages:
 * "POSIX WRITE 0-99 of /srv/db held by 1234(sqlite3)".
 */
void lock_format_name(struct lock_buffer *buffer, const struct lock *lock);

#endif
