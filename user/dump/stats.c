// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "dump/stats.h"
#include "image/container.h"
#include "image/magic.h"
#include "stats.pb-c.h"

uint64_t stats_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

int stats_write(const struct dump_stats *stats, struct image_directory *directory,
		const struct image_error *error)
{
	Image__StatsEntry message = IMAGE__STATS_ENTRY__INIT;
	Image__DumpStatsEntry dump = IMAGE__DUMP_STATS_ENTRY__INIT;

	dump.freezing_time = stats->freezing;
	dump.frozen_time = stats->frozen;
	dump.memdump_time = stats->memory;
	dump.memwrite_time = stats->writing;
	dump.pages_scanned = stats->pages.scanned;
	dump.pages_written = stats->pages.written;
	message.dump = &dump;
	return image_write_one(directory, "stats-dump", IMAGE_MAGIC_STATS, &message.base, error);
}
