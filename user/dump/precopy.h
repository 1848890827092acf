/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is copied while the tree still runs.
 */
#ifndef DUMP_PRECOPY_H
#define DUMP_PRECOPY_H

#include "dump/pages.h"

struct precopied {
	pid_t pid;
	uint64_t start_time; /* of the process; another may have its number since */
	struct dump_pages pages;
};

struct precopy {
	struct precopied *processes; /* owned */
	size_t nr;
	struct pages_count count;
};

/**
 * precopy_run - Copies the memory of a process and its descendants.
 * @precopy: ended with precopy_free()
 *
 * Does nothing where the kernel does not notice writes, or does not tell of frames. Processes that come and go
 * meanwhile do no harm.
 *
 * Returns: 0 or a negative errno value.
 */
int precopy_run(struct precopy *precopy, pid_t root, struct image_directory *directory,
		const struct image_error *error);

/** precopy_take - Gives to the processes of a dump what was copied of each. */
void precopy_take(struct precopy *precopy, struct dump *dump);

/** precopy_free - Frees what was not taken. */
void precopy_free(struct precopy *precopy);

#endif
