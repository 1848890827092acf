/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filelocks.img: what the format that CRIU's tools know can tell of locks. The truth is in crlock.img.
 */
#ifndef IMAGE_FILELOCKS_H
#define IMAGE_FILELOCKS_H

#include "image/checkpoint.h"
#include "image/container.h"

/* In the field type, beside what a breaking lease is to become. */
#define FILELOCKS_BREAKING 4

/** filelocks_kind - The enum crlock_kind of a field flag; -1: it is none. */
int filelocks_kind(uint32_t flag);

/** filelocks_write - Writes a record for each lock that the format has words for. Returns: 0 or an error. */
int filelocks_write(struct image_writer *writer, const struct checkpoint *checkpoint,
		    const struct image_error *error);

/**
 * filelocks_check - Reads the image and compares it with what crlock.img said.
 *
 * Returns: 0, -EBADMSG if they do not agree, or another negative errno value.
 */
int filelocks_check(struct image_reader *reader, const struct checkpoint *checkpoint,
		    const struct image_error *error);

#endif
