/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of a checkpoint while it is written, in a directory or in a stream: who writes need not know which.
 */
#ifndef IMAGE_FILE_H
#define IMAGE_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "image/directory.h"

struct image_file;

/**
 * image_file_create - Makes a file.
 * @file: ended with image_file_close(), image_file_replace() or image_file_stdio()
 *
 * Returns: 0 or a negative errno value.
 */
int image_file_create(struct image_directory *directory, const char *name, struct image_file **file,
		      const struct image_error *error);

/** image_file_write - Writes bytes, anywhere. Returns: 0 or a negative errno value. */
int image_file_write(struct image_file *file, uint64_t at, const void *data, size_t size);

/**
 * image_file_copy - Copies bytes from a file that is no image, or as many as it has.
 *
 * Returns: 0 or a negative errno value.
 */
int image_file_copy(struct image_file *file, uint64_t at, int from, off_t from_at, uint64_t size);

/**
 * image_file_move - Copies bytes from a file of the same checkpoint, where they need not stay.
 *
 * Returns: 0 or a negative errno value.
 */
int image_file_move(struct image_file *file, uint64_t at, struct image_file *from, uint64_t from_at,
		    uint64_t size);

/** image_file_size - How many bytes it has now; of a file in a directory. Returns: that or a negative errno value. */
int64_t image_file_size(const struct image_file *file);

/** image_file_truncate - Sets its size. Returns: 0 or a negative errno value. */
int image_file_truncate(struct image_file *file, uint64_t size);

/**
 * image_file_replace - Gives a file the name of another one, which goes away.
 * @other: freed, even after an error
 *
 * Returns: 0 or a negative errno value.
 */
int image_file_replace(struct image_file *file, struct image_file *other, const struct image_error *error);

/**
 * image_file_stdio - A file as one of stdio's, to be written from its beginning to its end.
 *
 * Returns: the file, of which fclose() frees all; NULL, with errno: then @file is freed.
 */
FILE *image_file_stdio(struct image_file *file);

/** image_file_close - Ends writing and frees it; NULL is none. Returns: 0 or a negative errno value. */
int image_file_close(struct image_file *file);

#endif
