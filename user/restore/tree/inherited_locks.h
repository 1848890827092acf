/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks of open file descriptions that no descriptor of the tree has, but mappings or messages have; and flocks that
 * another process of the tree set than those which have it now. Processes inherit all descriptors, those that their
 * memory is mapped from and those that were sent too: a lock that is taken through one before they are closed is
 * the description's, and so the mapping's, the message's, or that of who has it.
 */
#ifndef RESTORE_INHERITED_LOCKS_H
#define RESTORE_INHERITED_LOCKS_H

#include "image/checkpoint.h"
#include "restore/tree/memory.h"

/**
 * inherited_locks_split - Moves such locks into a checkpoint of their own, as if descriptors had them.
 * @inherited: gets them; the caller frees it with inherited_locks_free(), before @locks
 * @locks: keeps all others
 * @sources: has the descriptors; NULL: the numbers do not matter
 *
 * Returns: 0, -EBADMSG if there is no such mapping or file, or another negative errno value.
 */
int inherited_locks_split(struct checkpoint *inherited, struct checkpoint *locks,
			  const struct saved_tree *tree, const struct memory_sources *sources,
			  const char *path, const struct image_error *error);

/** inherited_locks_free - Frees it. */
void inherited_locks_free(struct checkpoint *inherited);

#endif
