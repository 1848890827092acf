/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open file descriptions that wait in messages to sockets of the tree. This program has received duplicates of
 * them, and so is one more holder of their locks: it is by these that a lock in flight is told.
 */
#ifndef DUMP_FLIGHTS_H
#define DUMP_FLIGHTS_H

#include "dump/files/files.h"
#include "locks/lock.h"

/* All zero: none. */
struct flights {
	struct dump_files_flight *rows;
	size_t nr;
};

/**
 * flights_read - Reads them from what was taken in.
 * @flights: the caller frees it with flights_free(), also after an error
 * @files: settled; NULL: there are none
 *
 * Returns: 0 or -ENOMEM.
 */
int flights_read(struct flights *flights, const struct dump_files *files);

/** flights_free - Frees what it owns. */
void flights_free(struct flights *flights);

/** flights_have_duplicate - Whether a holder is this program, by a duplicate that it has received. */
bool flights_have_duplicate(const struct flights *flights, const struct crlock_holder *holder);

/** flights_duplicate_of - The holder of a lock that is such a duplicate, NULL: there is none. */
const struct crlock_holder *flights_duplicate_of(const struct flights *flights, const struct lock *lock);

/** flights_to - Whether a holder is a message to a socket of the tree. */
bool flights_to(const struct flights *flights, const struct crlock_holder *holder);

/** flights_of - Whether a description in flight is that of a lock. */
bool flights_of(const struct dump_files_flight *flight, const struct lock *lock);

#endif
