/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a stream to the directory that it tells of.
 */
#ifndef IMAGE_SPOOL_H
#define IMAGE_SPOOL_H

#include "image/directory.h"

/**
 * image_spool - Reads a stream to its end, and does what it says. It is not trusted: everything is checked.
 * @directory: just made; it becomes a checkpoint only at the end
 * @flush: and is brought to disk before
 * @fd: of the stream, @name of it for messages
 *
 * Memory that this takes is bounded whatever comes. Of signals: as stream_reader_open().
 *
 * Returns: 0, -EBADMSG if the stream is truncated, damaged or foreign, -EINTR, or another negative errno
 * value.
 */
int image_spool(struct image_directory *directory, bool flush, int fd, const char *name,
		const struct image_error *error);

#endif
