/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open file descriptions that only mappings have: who maps a file may close it, and keeps a lock of flock(2).
 */
#ifndef DUMP_MAPPED_H
#define DUMP_MAPPED_H

#include <sys/stat.h>

#include "locks/lock.h"
#include "procfs/maps.h"
#include "trace/tree.h"

/**
 * mapped_find - Finds the mapping of the tree that has a lock's description.
 * @holder: gets it
 *
 * Without the module this is the mapping of the lock's file in the process that took it, if no process has a
 * descriptor.
 *
 * Returns: whether there is one.
 */
bool mapped_find(struct crlock_holder *holder, const struct lock *lock, const struct trace_tree *tree);

/** struct mapped_file - What is mapped. */
struct mapped_file {
	char *path; /* of the caller */
	int flags; /* O_RDWR or O_RDONLY */
	struct stat stat;
};

/** mapped_look - Looks at the file of a mapping, without opening it. Returns: 0 or a negative errno value. */
int mapped_look(struct mapped_file *file, const struct crlock_holder *holder);

#endif
