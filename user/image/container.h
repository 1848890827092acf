/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One image: magic numbers, then records, each a message behind its size. See CRIU's images.
 */
#ifndef IMAGE_CONTAINER_H
#define IMAGE_CONTAINER_H

#include <stdint.h>
#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

#include "image/directory.h"

/* Larger records are not ours, whatever they are. */
#define IMAGE_RECORD_MAX (16U << 20)

struct image_writer {
	struct image_directory *directory;
	char *name;
	FILE *file;
	uint8_t *record; /* reused */
	size_t room;
};

/** image_writer_open - Makes an image. Returns: 0 or a negative errno value; then nothing is to be closed. */
int image_writer_open(struct image_writer *writer, struct image_directory *directory, const char *name,
		      uint32_t magic, const struct image_error *error);

/** image_write - Appends a record. Returns: 0 or a negative errno value. */
int image_write(struct image_writer *writer, const ProtobufCMessage *message,
		const struct image_error *error);

/** image_write_bytes - Appends bytes that belong to the record before them. Returns: as image_write(). */
int image_write_bytes(struct image_writer *writer, const void *bytes, size_t size,
		      const struct image_error *error);

/** image_writer_flush - Has all in the file that was appended. Returns: as image_write(). */
int image_writer_flush(struct image_writer *writer, const struct image_error *error);

/**
 * image_writer_close - Closes an image; image_directory_flush() brings it to disk.
 * @ret: of what went before
 *
 * Returns: @ret, or a negative errno value.
 */
int image_writer_close(struct image_writer *writer, int ret, const struct image_error *error);

/** image_write_one - Makes an image of one record. Returns: 0 or a negative errno value. */
int image_write_one(struct image_directory *directory, const char *name, uint32_t magic,
		    const ProtobufCMessage *message, const struct image_error *error);

struct image_reader {
	char *name; /* with the directory, for messages */
	FILE *file;
	uint64_t size; /* of the file: no record can be larger */
	uint64_t offset; /* of the record that was read last */
	uint64_t next;
	uint8_t *record; /* reused */
	size_t room;
};

/** image_reader_begin - What was read before takes no memory any more: another checkpoint comes. */
void image_reader_begin(void);

/**
 * image_reader_claim - Notes whose an image of pages is, which one map of pages has.
 * @id: number of the image
 * @name: of the map; it may be read again
 *
 * Returns: 0, -EEXIST if it is another's, or -ENOMEM.
 */
int image_reader_claim(uint32_t id, const char *name);

/**
 * image_reader_open - Opens an image and checks its magic numbers.
 * @dir: the directory, @path its path for messages
 *
 * Returns: 0, -EBADMSG if it is something else, or another negative errno value; then nothing is to be closed.
 */
int image_reader_open(struct image_reader *reader, int dir, const char *path, const char *name,
		      uint32_t magic, const struct image_error *error);

/**
 * image_read - Reads the next record.
 * @message: gets it, or NULL at the end; the caller frees it with protobuf_c_message_free_unpacked()
 *
 * What all messages that this process reads take is bounded by the size of their records.
 *
 * Returns: 0, -EBADMSG, or another negative errno value.
 */
int image_read(struct image_reader *reader, const ProtobufCMessageDescriptor *type,
	       ProtobufCMessage **message, const struct image_error *error);

/**
 * image_reader_pay - Takes memory into account that stays, beyond what the messages took.
 *
 * Returns: 0 or -EBADMSG.
 */
int image_reader_pay(const struct image_reader *reader, size_t size, const struct image_error *error);

/**
 * image_read_bytes - Reads bytes that belong to the record before them.
 *
 * Returns: 0, -EBADMSG if there are fewer, or another negative errno value.
 */
int image_read_bytes(struct image_reader *reader, void *bytes, size_t size, const struct image_error *error);

/** image_reader_wrong - Says what is wrong with the record that was read last. Returns: -EBADMSG. */
int image_reader_wrong(const struct image_reader *reader, const struct image_error *error, const char *what);

/** image_reader_short - Says why fread(3) just gave less than was asked for. Returns: -EBADMSG, or why it failed. */
int image_reader_short(const struct image_reader *reader, const struct image_error *error);

/** image_reader_close - Closes it. */
void image_reader_close(struct image_reader *reader);

#endif
