/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the memory of processes was dumped.
 */
#ifndef CRLOCK_SHOW_MEMORY_H
#define CRLOCK_SHOW_MEMORY_H

#include "crlock/show/files.h"
#include "image/saved.h"
#include "locks/cache.h"

struct shown_memory {
	uint64_t *dumped; /* bytes of each mapping, in the order of mm-PID.img */
	uint64_t mapped, total; /* bytes of all mappings, and of what was dumped for them */
};

struct shown_sources {
	int dir; /* the checkpoint */
	const char *path;
	const struct shown_files *files;
	struct lock_cache shared; /* of shared memory that was met: struct image_pages */
	const struct image_error *error;
};

/**
 * shown_memory_read - Reads how much was dumped of a process that is no zombie.
 *
 * Returns: 0, -EBADMSG, or another negative errno value.
 */
int shown_memory_read(struct shown_memory *memory, struct shown_sources *sources,
		      const struct saved_process *process);

/** shown_sources_free - Frees what was remembered. */
void shown_sources_free(struct shown_sources *sources);

#endif
