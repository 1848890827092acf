/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks of open file descriptions that only mappings have. Processes inherit the descriptors that their memory
 * is mapped from: a lock that is taken through one before they are closed is the mapping's.
 */
#ifndef RESTORE_MAPPED_LOCKS_H
#define RESTORE_MAPPED_LOCKS_H

#include "image/checkpoint.h"
#include "restore/tree/memory.h"

/**
 * mapped_locks_split - Moves such locks into a checkpoint of their own, as if descriptors had them.
 * @mapped: gets them; the caller frees it with mapped_locks_free(), before @locks
 * @locks: keeps all others
 * @sources: has the descriptors; NULL: the numbers do not matter
 *
 * Returns: 0, -EBADMSG if there is no such mapping, or another negative errno value.
 */
int mapped_locks_split(struct checkpoint *mapped, struct checkpoint *locks, const struct saved_tree *tree,
		       const struct memory_sources *sources, const char *path,
		       const struct image_error *error);

/** mapped_locks_free - Frees it. */
void mapped_locks_free(struct checkpoint *mapped);

#endif
