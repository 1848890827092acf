// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "image/container.h"
#include "image/magic.h"
#include "image/stats.h"

uint64_t stats_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

int stats_put(struct image_directory *directory, const char *name, const Image__StatsEntry *stats,
	      const struct image_error *error)
{
	char new[32];
	int ret;

	if (directory->stream)
		return image_write_one(directory, name, IMAGE_MAGIC_STATS, &stats->base, error);
	snprintf(new, sizeof(new), "%s.new", name);
	/* Of who was killed at this. */
	unlinkat(directory->fd, new, 0);
	ret = image_write_one(directory, new, IMAGE_MAGIC_STATS, &stats->base, error);
	ret = ret ?: image_directory_replace(directory, new, name, error);
	if (ret)
		unlinkat(directory->fd, new, 0);
	return ret;
}
