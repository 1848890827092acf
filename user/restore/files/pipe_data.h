/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was in pipes and FIFOs, and how large they were.
 */
#ifndef RESTORE_FILES_PIPE_DATA_H
#define RESTORE_FILES_PIPE_DATA_H

#include "restore/files/room.h"

/* No pipe is larger, F_SETPIPE_SZ(2) and fs.pipe-max-size notwithstanding. */
#define PIPE_MAX (1U << 31)

/* A record. Of packets there is one for each, and they follow each other. */
struct pipe_content {
	uint32_t pipe_id;
	uint32_t bytes;
	uint32_t size; /* 0: unknown */
	uint64_t offset; /* of the bytes, in the image */
	bool filled; /* into the pipe */
};

struct pipe_contents {
	const char *image;
	struct pipe_content *contents;
	size_t nr;
};

/** pipe_contents_read - Reads an image of pipes' data but for the bytes. Returns: 0, -EBADMSG, ... */
int pipe_contents_read(struct restore_files *files, struct pipe_contents *contents, const char *image,
		       uint32_t magic, const struct image_error *error);

/** pipe_contents_find - The first record of what was in a pipe, NULL: it is not told. */
struct pipe_content *pipe_contents_find(const struct pipe_contents *contents, uint32_t pipe_id);

/**
 * pipe_content_fill - Gives a pipe its size and its data.
 * @content: the first record
 * @packets: it is a pipe of packets, also if there is but one
 * @fd: of an end for writing, which does not wait
 *
 * Returns: 0 or a negative errno value.
 */
int pipe_content_fill(const struct restore_files *files, const struct pipe_contents *contents,
		      struct pipe_content *content, bool packets, int fd);

#endif
