/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files.img, the tables of descriptors and the images that belong to them say; also of files that
 * crrestore does not know.
 */
#ifndef CRLOCK_SHOW_FILES_H
#define CRLOCK_SHOW_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "fdinfo.pb-c.h"
#include "files.pb-c.h"
#include "image/common_locks.h"
#include "image/directory.h"
#include "locks/buffer.h"
#include "memfd.pb-c.h"

struct shown_file {
	Image__FileEntry *entry;
	bool has_flags, has_pos;
	uint32_t flags; /* O_* */
	uint64_t pos;
	bool deleted;
};

struct shown_table {
	uint32_t id;
	Image__FdinfoEntry **descriptors; /* by number */
	size_t nr;
};

struct shown_files {
	struct shown_file *files; /* by id */
	size_t nr;
	struct shown_table *tables; /* by id */
	size_t nr_tables;
	Image__MemfdInodeEntry **memfds; /* by inode_id */
	size_t nr_memfds;
};

/**
 * shown_files_read - Reads them.
 * @files: the caller ends with shown_files_free(), also after an error
 * @dir: the checkpoint, @path its path for messages
 *
 * Returns: 0, -EBADMSG, or another negative errno value.
 */
int shown_files_read(struct shown_files *files, int dir, const char *path, const struct image_error *error);

/** shown_files_free - Frees what they own. */
void shown_files_free(struct shown_files *files);

/** shown_files_find - The file with an id, NULL: there is none. */
struct shown_file *shown_files_find(const struct shown_files *files, uint32_t id);

/** shown_files_table - The table with an id, NULL: there is none. */
const struct shown_table *shown_files_table(const struct shown_files *files, uint32_t id);

/** shown_files_memfd - The inode of a file of memfd_create(2), NULL: the file is none, or has none. */
const Image__MemfdInodeEntry *shown_files_memfd(const struct shown_files *files,
						const struct shown_file *file);

/** shown_files_common - The same as common_locks_read() wants it; good as long as @files is. */
struct common_files shown_files_common(const struct shown_files *files);

#endif
