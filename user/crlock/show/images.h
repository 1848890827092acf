/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of a checkpoint that are told as they are, record by record.
 */
#ifndef CRLOCK_SHOW_IMAGES_H
#define CRLOCK_SHOW_IMAGES_H

#include <jansson.h>

#include "image/directory.h"

/**
 * images_json - An object with an array of records for each image that is there: what is in pipes and
 * sockets, terminals, unlinked files, clocks, ...
 * @out: gets it
 * @dir: the checkpoint, @path its path for messages
 *
 * Returns: 0, -EBADMSG, or another negative errno value.
 */
int images_json(json_t **out, int dir, const char *path, const struct image_error *error);

#endif
