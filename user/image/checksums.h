/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checksums.img: what each image of a checkpoint has in it. It tells damage, not malice: who can change an image can
 * change its checksum.
 */
#ifndef IMAGE_CHECKSUMS_H
#define IMAGE_CHECKSUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/sum.h"

struct image_directory;
struct image_error;

struct image_checksum {
	char *name;
	struct image_summed file;
	struct image_sum sum; /* while the checkpoint is written: what is known without reading the file */
};

struct image_checksums {
	struct image_checksum *entries;
	size_t nr;
};

/** checksums_free - Frees what a list owns, and empties it. */
void checksums_free(struct image_checksums *list);

/** checksums_add - Appends one, with a copy of the name, and takes over its @sum. Returns: 0 or -ENOMEM. */
int checksums_add(struct image_checksums *list, const struct image_checksum *entry);

/**
 * checksums_write - Writes checksums.img of all files that were made, and closed, in a directory.
 *
 * Returns: 0 or a negative errno value.
 */
int checksums_write(struct image_directory *directory, const struct image_error *error);

/**
 * checksums_read - Reads checksums.img, and checks it itself.
 * @list: the caller frees it with checksums_free(), also after an error
 * @dir: the directory, @path its path for messages
 *
 * Returns: 1; 0 if the checkpoint is of a program that writes none; -EBADMSG, also if there must be one and is not;
 * or another negative errno value.
 */
int checksums_read(struct image_checksums *list, int dir, const char *path, const struct image_error *error);

/** checksums_check - Reads an image, and checks it. Returns: 0, -EBADMSG or another negative errno value. */
int checksums_check(const struct image_checksum *entry, int dir, const char *path,
		    const struct image_error *error);

/** checksums_size - How many bytes there are to be read to check all, for progress. */
uint64_t checksums_size(const struct image_checksums *list, int dir);

/**
 * checksums_verify - Checks all images of a checkpoint, up to the first one that is damaged.
 *
 * Returns: as checksums_read().
 */
int checksums_verify(int dir, const char *path, const struct image_error *error);

#endif
