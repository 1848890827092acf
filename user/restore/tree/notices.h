/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases that crdump --hold-locks has kept. Who breaks one meanwhile tells a process that is not there: it has to
 * hear of it when it is.
 */
#ifndef RESTORE_NOTICES_H
#define RESTORE_NOTICES_H

#include "image/directory.h"
#include "image/saved.h"
#include "locks/lock.h"
#include "restore/tree/puppet.h"

struct kept_lease {
	const struct lock *lock; /* as it was when it was dumped */
	pid_t pid;
	int fd;
};

struct kept_leases {
	struct kept_lease *rows;
	size_t nr;
};

/**
 * notices_send - Sends the notices of leases that were broken since the dump.
 * @find: the puppet of a thread, NULL: it is none of the tree's
 * @tree: its processes have all of their threads, and nothing may clear their signals any more
 *
 * First the owners are set, so that of a break from now on the kernel tells; if one comes just then it is told twice.
 *
 * Returns: 0 or a negative errno value.
 */
int notices_send(const struct kept_leases *kept, const struct saved_tree *tree,
		 struct puppet *(*find)(void *data, pid_t tid), void *data, const struct image_error *error);

#endif
