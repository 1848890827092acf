/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint as one stream: what is done to the files of a directory, one step behind the other.
 *
 * It begins with STREAM_MAGIC, the version and 4 bytes of zero. Then come frames, each a head of 24 bytes and
 * @size bytes of data. Numbers are little-endian.
 *
 *   offset  0  type     enum stream_type
 *           4  member   number of a file: they count from 1, in the order of STREAM_CREATE
 *           8  offset
 *          16  size     of the data, STREAM_DATA_MAX at most
 *          20  check    CRC-32 (zlib's) of what the stream began with and of all frames up to here, but for
 *                       their checks
 *
 * A checksum goes on from that of the frame before, so that none can be left out, doubled or exchanged. Steps
 * and not whole files are sent, for memory is copied while its process runs, in parts again while it is
 * stopped, and put into order at last; who sends keeps nothing of it.
 *
 * Nothing comes behind STREAM_END but the end of the stream. Who sends closes it when the processes are gone,
 * if they are to go: so their pids and locks are free once a reader has seen that.
 */
#ifndef IMAGE_STREAM_H
#define IMAGE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "image/directory.h"

#define STREAM_MAGIC	"crstream"
#define STREAM_VERSION	1
#define STREAM_DATA_MAX (1U << 20)

enum stream_type {
	STREAM_CREATE = 1, /* data: the name */
	STREAM_WRITE, /* data goes to @offset */
	STREAM_MOVE, /* data: struct stream_move; those bytes go to @offset, and are not moved again */
	STREAM_TRUNCATE, /* @offset is the size */
	STREAM_REPLACE, /* @offset is the number of a file that ends, of which this one gets the name */
	STREAM_CLOSE,
	STREAM_END, /* it is complete */
};

struct stream_move {
	uint64_t member, offset, size;
};

/* Writing ------------------------------------------------------------------------------------------ */

struct stream_writer;

/**
 * stream_writer_open - Begins a stream.
 * @fd: borrowed
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT, where they are blocked, end a wait for a reader that takes nothing:
 * then and from then on writing fails with -EINTR.
 *
 * Returns: 0 or a negative errno value.
 */
int stream_writer_open(struct stream_writer **out, int fd);

/** stream_write - Appends a frame. After an error all others fail alike. Returns: 0 or an errno value. */
int stream_write(struct stream_writer *writer, enum stream_type type, uint32_t member, uint64_t offset,
		 const void *data, size_t size);

/** stream_create - Begins a file. @member: gets its number. Returns: as stream_write(). */
int stream_create(struct stream_writer *writer, const char *name, uint32_t *member);

/** stream_end - Completes the stream; if it is a file, on disk. Nothing can follow. Returns: as above. */
int stream_end(struct stream_writer *writer);

/** stream_writer_close - Frees it. What was not flushed is not written. */
void stream_writer_close(struct stream_writer *writer);

/* Reading ------------------------------------------------------------------------------------------ */

struct stream_frame {
	enum stream_type type;
	uint32_t member;
	uint64_t offset;
	const uint8_t *data; /* until the next frame is read */
	uint32_t size;
};

struct stream_reader;

/**
 * stream_reader_open - Begins to read a stream, and checks that it is one.
 * @fd: borrowed
 * @name: for messages; borrowed
 *
 * Of signals: as stream_writer_open().
 *
 * Returns: 0, -EBADMSG, -EINTR or another negative errno value.
 */
int stream_reader_open(struct stream_reader **out, int fd, const char *name, const struct image_error *error);

/** stream_read - Reads a frame, and behind the last one the end. Returns: as stream_reader_open(). */
int stream_read(struct stream_reader *reader, struct stream_frame *frame, const struct image_error *error);

/** stream_wrong - Says what is wrong with the frame that was read last. Returns: -EBADMSG. */
int stream_wrong(const struct stream_reader *reader, const struct image_error *error, const char *what);

/** stream_reader_close - Frees it. */
void stream_reader_close(struct stream_reader *reader);

#endif
