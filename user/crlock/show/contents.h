/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that a checkpoint says, but for the content of memory and of files.
 */
#ifndef CRLOCK_SHOW_CONTENTS_H
#define CRLOCK_SHOW_CONTENTS_H

#include "crlock/show/files.h"
#include "crlock/show/memory.h"
#include "image/checkpoint.h"
#include "image/saved.h"
#include "inventory.pb-c.h"

struct contents {
	const char *path;
	int dir;
	Image__InventoryEntry *inventory;
	bool whole; /* there are processes, not only their locks */
	bool own; /* crlock.img is there: this project's crdump wrote it */
	struct saved_tree tree; /* all of these only of whole processes */
	struct shown_memory *memory; /* of each process */
	struct shown_files files;
	struct checkpoint locks; /* its list has names, paths and holders */
};

/**
 * contents_read - Reads and checks a checkpoint.
 * @contents: the caller ends with contents_free(), also after an error
 *
 * Returns: 0, -ENOENT if it is no checkpoint, -EBADMSG, or another negative errno value.
 */
int contents_read(struct contents *contents, const char *path, const struct image_error *error);

/** contents_free - Frees what was read. */
void contents_free(struct contents *contents);

/** contents_comm - The name of a dumped process, NULL: there is none. */
const char *contents_comm(const struct contents *contents, pid_t pid);

#endif
