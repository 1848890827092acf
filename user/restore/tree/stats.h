/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a restore took: stats-restore, beside the images.
 */
#ifndef RESTORE_STATS_H
#define RESTORE_STATS_H

#include <stdint.h>

/* Times are in microseconds. */
struct restore_stats {
	uint64_t forking; /* making the processes */
	uint64_t restore; /* all, until they are let go */
	uint64_t pages; /* that were copied */
};

/**
 * restore_stats_write - Writes stats-restore, in place of that of a restore before.
 * @dir: the checkpoint, @path its path
 *
 * Nothing depends on it: a directory that cannot be written stays as it is.
 */
void restore_stats_write(const struct restore_stats *stats, int dir, const char *path);

#endif
