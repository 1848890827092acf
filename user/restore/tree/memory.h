/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a process: what the puppet had as a copy of crrestore goes, what the saved program had comes.
 */
#ifndef RESTORE_MEMORY_H
#define RESTORE_MEMORY_H

#include "image/lookup.h"
#include "image/pages.h"
#include "image/saved.h"
#include "restore/files/files.h"
#include "restore/tree/puppet.h"
#include "restore/tree/shm.h"
#include "restore/tree/vdso.h"

/* What the memory of all processes comes from. */
struct memory_sources {
	const struct restore_files *files;
	const struct shms *shms;
	const struct vdso *vdso; /* of crrestore */
	int *readonly; /* files that are open for writing, once more for mappings that were made without */
	size_t nr_readonly;
	struct image_lookup readonly_by_id; /* of files.img */
	const char *path; /* of the checkpoint, for messages */
};

/* The memory of one process. */
struct memory {
	const struct saved_process *process;
	struct image_pages pages; /* with a descriptor that its process inherits */
	unsigned long area; /* of the puppet */
	unsigned long vdso_at; /* where the parts of crrestore's vdso are to be */
	bool vdso_redirected;
};

/** memory_wants_readonly - Whether a mapping must not allow writing, though others of its file may. */
bool memory_wants_readonly(const Image__VmaEntry *vma);

/** memory_fd - The descriptor that a mapping is made from, which all processes inherit; -1: there is none. */
int memory_fd(const struct memory_sources *sources, const Image__VmaEntry *vma);

/**
 * memory_open - Opens the pages of a process, and decides where things go.
 * @memory: the caller ends with memory_close()
 * @dir: the checkpoint
 * @lowest: descriptors are above
 *
 * Before the process is made, so that it inherits the descriptor.
 *
 * Returns: 0 or a negative errno value.
 */
int memory_open(struct memory *memory, const struct saved_process *process,
		const struct memory_sources *sources, int dir, int lowest, const struct image_error *error);

/** memory_close - Closes the pages. */
void memory_close(struct memory *memory);

/**
 * memory_restore - Gives a process its memory. The puppet uses its area from then on.
 *
 * Returns: 0 or a negative errno value.
 */
int memory_restore(const struct memory *memory, const struct memory_sources *sources, struct puppet *puppet,
		   const struct image_error *error);

/** memory_leave - Takes the area away: the last call of the last thread. Returns: 0 or an error. */
int memory_leave(const struct memory *memory, struct puppet *puppet);

#endif
