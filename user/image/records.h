/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of many records, and many images of one kind, from strangers.
 */
#ifndef IMAGE_RECORDS_H
#define IMAGE_RECORDS_H

#include "image/container.h"

/* No honest image has more records, and no checkpoint more images of one kind. */
#define IMAGE_RECORDS_MAX (1U << 22)

/*
 * Takes in a record: owns the message, and reads the bytes that follow it. Returns: 0, -EBADMSG, or -ENOMEM,
 * which needs no line.
 */
typedef int image_take(struct image_reader *reader, ProtobufCMessage *message, void *data,
		       const struct image_error *error);

/**
 * image_records - Reads all records of an image that need not be there.
 * @dir: the checkpoint, @path its path for messages
 *
 * Returns: 0, also if there is no such image, -EBADMSG, or another negative errno value.
 */
int image_records(int dir, const char *path, const char *name, uint32_t magic,
		  const ProtobufCMessageDescriptor *type, image_take *take, void *data,
		  const struct image_error *error);

/**
 * image_numbered - Calls a function for each image of a kind, in any order, until it returns other than 0.
 * @kind: of the names KIND-NUMBER.img
 *
 * Returns: what the function did last, or a negative errno value, which is said.
 */
int image_numbered(int dir, const char *path, const char *kind,
		   int (*fn)(const char *name, uint32_t number, void *data), void *data,
		   const struct image_error *error);

#endif
