/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory that becomes a checkpoint: files are made new, flushed, and taken away again if it does not.
 * Or a stream in its place, of which see image/stream.h.
 */
#ifndef IMAGE_DIRECTORY_H
#define IMAGE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/checksums.h"

/* A line that says what is wrong. */
struct image_error {
	char *text;
	size_t size;
};

/** image_error - Says it, "NAME: ..." of which strangers' bytes are made printable. Returns: @error_code. */
int image_error(const struct image_error *error, int error_code, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

struct stream_writer;

struct image_directory {
	const char *path; /* borrowed */
	int fd;
	struct stream_writer *stream; /* owned; NULL: it is a directory */
	bool made; /* by us */
	char **files; /* made by us */
	size_t nr_files;
	struct image_checksums checksums; /* of files that were closed; of a stream: none */
	uint32_t nr_pages; /* how many pages-N.img were begun: the last N */
};

/**
 * image_directory_make - Opens a directory for a checkpoint, made with mode 0700 if it is not there.
 *
 * Returns: 0, -EEXIST if it has images already, or another negative errno value.
 */
int image_directory_make(struct image_directory *directory, const char *path,
			 const struct image_error *error);

/**
 * image_directory_stream - Begins a stream in place of a directory.
 * @fd: borrowed
 * @name: for messages; borrowed
 *
 * Returns: 0 or a negative errno value.
 */
int image_directory_stream(struct image_directory *directory, int fd, const char *name,
			   const struct image_error *error);

/**
 * image_directory_create - Makes a file, with mode 0600: image_file_create() for one that is no stream.
 *
 * Returns: a descriptor, or a negative errno value.
 */
int image_directory_create(struct image_directory *directory, const char *name,
			   const struct image_error *error);

/**
 * image_directory_replace - Gives a file that was made the name of another one, which goes away.
 *
 * Returns: 0 or a negative errno value.
 */
int image_directory_replace(struct image_directory *directory, const char *from, const char *to,
			    const struct image_error *error);

/**
 * image_directory_flush - Flushes all that was written, and the names. A stream is so only at its end.
 *
 * Returns: 0 or a negative errno value.
 */
int image_directory_flush(struct image_directory *directory, const struct image_error *error);

/**
 * image_directory_complete - The last step: flushes a directory; or ends a stream, and nothing can follow.
 *
 * Returns: 0 or a negative errno value.
 */
int image_directory_complete(struct image_directory *directory, const struct image_error *error);

/**
 * image_open - Opens a file of a checkpoint, to read it.
 *
 * Returns: a descriptor, -EBADMSG if it is no regular file, or another negative errno value.
 */
int image_open(int dir, const char *name);

/** image_directory_remove - Takes away a directory with the files in it, as far as that can be done. */
void image_directory_remove(const char *path);

/** image_directory_close - Closes it. @keep: false: what was made is taken away. */
void image_directory_close(struct image_directory *directory, bool keep);

#endif
