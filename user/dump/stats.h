/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a dump took: stats-dump.
 */
#ifndef DUMP_STATS_H
#define DUMP_STATS_H

#include <stdint.h>

#include "dump/pages.h"
#include "image/directory.h"

/* Times are in microseconds. */
struct dump_stats {
	uint64_t freezing, frozen; /* until all is stopped; until all goes on, or is killed */
	uint64_t memory, writing; /* copying memory while it is stopped; writing the other images */
	struct pages_count pages;
};

/** stats_write - Writes stats-dump. Returns: 0 or a negative errno value. */
int stats_write(const struct dump_stats *stats, struct image_directory *directory,
		const struct image_error *error);

#endif
