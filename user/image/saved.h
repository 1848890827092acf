/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of a checkpoint, as its images tell them: pstree.img and, for each process, core-*.img, ids-*.img,
 * mm-*.img and fs-*.img.
 *
 * Images may have been written by anyone: ids, counts, addresses and the order of mappings are checked here, so
 * that who restores or shows them can rely on them.
 */
#ifndef IMAGE_SAVED_H
#define IMAGE_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core.pb-c.h"
#include "fs.pb-c.h"
#include "image/directory.h"
#include "image/lookup.h"
#include "mm.pb-c.h"

struct saved_thread {
	pid_t tid;
	Image__CoreEntry *core;
};

struct saved_process {
	pid_t pid, pgid, sid;
	size_t parent; /* index in the tree; of the root: SAVED_NO_PARENT */
	bool zombie; /* has no threads, mm and fs */
	struct saved_thread *threads; /* the leader first; a zombie has that one */
	size_t nr_threads;
	Image__TaskKobjIdsEntry *ids;
	Image__MmEntry *mm;
	Image__FsEntry *fs;
};

#define SAVED_NO_PARENT ((size_t)-1)

struct saved_tree {
	struct saved_process *processes; /* parents first */
	size_t nr, nr_threads; /* of all of them */
	struct image_lookup by_pid;
};

/**
 * saved_read - Reads the processes of a checkpoint.
 * @tree: the caller frees it with saved_free(), also after an error
 * @dir: the directory, @path its path for messages
 *
 * Returns: 0, -EBADMSG, or another negative errno value.
 */
int saved_read(struct saved_tree *tree, int dir, const char *path, const struct image_error *error);

/** saved_free - Frees what a tree owns. */
void saved_free(struct saved_tree *tree);

/** saved_find - The process with a pid, NULL: there is none. */
struct saved_process *saved_find(const struct saved_tree *tree, pid_t pid);

/** saved_task - What core-PID.img says of the whole process. */
static inline const Image__TaskCoreEntry *saved_task(const struct saved_process *process)
{
	return process->threads[0].core->tc;
}

/**
 * saved_made_before - Whether a process is made before its parent begins a session, and so gets the one that the parent
 * had until then: it is in another than the parent, and not in its own. All others are made after that.
 */
static inline bool saved_made_before(pid_t pid, pid_t sid, pid_t parents_sid)
{
	return sid != parents_sid && sid != pid;
}

/* Of the field status of a mapping. */
enum saved_vma_status {
	SAVED_VMA_REGULAR = 1 << 0,
	SAVED_VMA_STACK = 1 << 1,
	SAVED_VMA_VSYSCALL = 1 << 2,
	SAVED_VMA_VDSO = 1 << 3,
	SAVED_VMA_HEAP = 1 << 5,
	SAVED_VMA_FILE_PRIVATE = 1 << 6,
	SAVED_VMA_FILE_SHARED = 1 << 7,
	SAVED_VMA_ANON_SHARED = 1 << 8,
	SAVED_VMA_ANON_PRIVATE = 1 << 9,
	SAVED_VMA_SYSVIPC = 1 << 10,
	SAVED_VMA_SOCKET = 1 << 11,
	SAVED_VMA_VVAR = 1 << 12,
	SAVED_VMA_AIORING = 1 << 13,
	SAVED_VMA_MEMFD = 1 << 14,
};

#endif
