/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics, beside the images of a checkpoint, which do not need them.
 */
#ifndef IMAGE_STATS_H
#define IMAGE_STATS_H

#include <stdint.h>

#include "image/directory.h"
#include "stats.pb-c.h"

/** stats_now - A clock, in microseconds. */
uint64_t stats_now(void);

/**
 * stats_put - Writes statistics: whoever reads the checkpoint finds all of them, or none.
 * @name: of the file; what has this name is replaced
 *
 * Returns: 0 or a negative errno value.
 */
int stats_put(struct image_directory *directory, const char *name, const Image__StatsEntry *stats,
	      const struct image_error *error);

#endif
