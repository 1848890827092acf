// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>
#include <unistd.h>

#include "image/container.h"
#include "image/magic.h"
#include "restore/tree/stats.h"
#include "stats.pb-c.h"

#define NAME "stats-restore"

uint64_t restore_stats_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

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
	unlinkat(dir, NAME, 0);
	ret = image_write_one(&directory, NAME, IMAGE_MAGIC_STATS, &message.base, &error);
	image_directory_close(&directory, !ret);
}
