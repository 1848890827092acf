/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory without a name (MAP_SHARED | MAP_ANONYMOUS), made once for all processes that map it.
 */
#ifndef RESTORE_SHM_H
#define RESTORE_SHM_H

#include "image/saved.h"

struct shm {
	uint64_t id; /* as in the mappings */
	uint64_t size; /* bytes */
	int fd; /* by which processes map it: inherited; -1: not made yet */
};

struct shms {
	struct shm *all;
	size_t nr;
	struct image_lookup by_id; /* of them */
};

/**
 * shms_make - Makes all shared memory of a tree, and fills it.
 * @shms: the caller ends with shms_free(), also after an error
 * @dir: the checkpoint, @path its path for messages
 * @lowest: descriptors are above
 *
 * Returns: 0 or a negative errno value.
 */
int shms_make(struct shms *shms, const struct saved_tree *tree, int dir, const char *path, int lowest,
	      const struct image_error *error);

/** shms_free - Closes the descriptors. */
void shms_free(struct shms *shms);

/** shms_fd - The descriptor for an id; -1: there is none. */
int shms_fd(const struct shms *shms, uint64_t id);

#endif
