/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a file with a path is: at that path; nowhere any more, so that the checkpoint has to have it (a ghost);
 * or under another name that nobody knows, so that it gets one for the checkpoint (a link).
 */
#ifndef DUMP_FILES_PLACE_H
#define DUMP_FILES_PLACE_H

#include "dump/files/state.h"

enum place_kind {
	PLACE_PATH,
	PLACE_GHOST,
	PLACE_LINK,
};

struct place {
	enum place_kind kind;
	char *path; /* that it is restored at, without the mark of what is deleted; owned */
	uint32_t *build_id; /* owned; NULL: it has none */
	size_t nr_build_id;
};

/** place_find - Finds out where a file is. Returns: 0 or a negative errno value. */
int place_find(struct dump_files *files, const struct dump_file *file, struct place *place);

/**
 * place_write - Writes an entry of a regular file, and what stands for it if it is not at its path.
 * @id: number of the entry
 *
 * Returns: 0 or a negative errno value.
 */
int place_write(struct dump_files *files, const struct dump_file *file, const struct place *place,
		uint32_t id);

/** place_clear - Frees what it owns. */
void place_clear(struct place *place);

#endif
