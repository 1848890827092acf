// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include "image/stats.h"
#include "restore/tree/stats.h"

void restore_stats_write(const struct restore_stats *stats, int dir, const char *path)
{
	Image__StatsEntry message = IMAGE__STATS_ENTRY__INIT;
	Image__RestoreStatsEntry restore = IMAGE__RESTORE_STATS_ENTRY__INIT;
	struct image_directory directory = { .path = path, .fd = dup(dir) };
	char why[256];
	const struct image_error error = { why, sizeof(why) };
	int ret;

	restore.forking_time = stats->forking;
	restore.restore_time = stats->restore;
	restore.has_pages_restored = true;
	restore.pages_restored = stats->pages;
	message.restore = &restore;
	ret = stats_put(&directory, "stats-restore", &message, &error);
	image_directory_close(&directory, !ret);
}
