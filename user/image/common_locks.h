/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks as filelocks.img tells them: those of checkpoints that other programs wrote, without crlock.img.
 */
#ifndef IMAGE_COMMON_LOCKS_H
#define IMAGE_COMMON_LOCKS_H

#include "image/checkpoint.h"
#include "image/saved.h"

/* What is open, as whoever read files.img and the tables knows it. */
struct common_files {
	/* Calls a function for each descriptor of each table. */
	void (*each)(const void *data, void (*fn)(uint32_t table, int fd, uint32_t id, void *fn_data),
		     void *fn_data);
	/* The file that a descriptor of a table leads to, 0: there is none. */
	uint32_t (*find)(const void *data, uint32_t table, int fd);
	/* The path of a file, NULL: it has none. */
	const char *(*path)(const void *data, uint32_t id);
	/* How it was opened: O_RDONLY, O_WRONLY or O_RDWR. */
	int (*access)(const void *data, uint32_t id);
	const void *data;
};

/**
 * common_locks_read - Reads filelocks.img.
 * @locks: gets what it says; the caller frees it with checkpoint_free(), also after an error
 * @dir: the checkpoint, @path its path for messages
 *
 * The image has no held type of a breaking lease and no deadlines: these are unknown, and guessed where locks
 * are taken.
 *
 * Returns: 0, also if there is no such image; -EBADMSG; or another negative errno value.
 */
int common_locks_read(struct checkpoint *locks, const struct saved_tree *tree,
		      const struct common_files *files, int dir, const char *path,
		      const struct image_error *error);

#endif
