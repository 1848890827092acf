// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/stats.h"
#include "image/stats.h"

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
	return stats_put(directory, "stats-dump", &message, error);
}
