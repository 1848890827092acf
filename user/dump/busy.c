// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "dump/busy.h"
#include "procfs/file.h"
#include "procfs/holes.h"
#include "procfs/maps.h"
#include "procfs/pagemap.h"

#define HUGE_SIZE  (2UL << 20)
#define HUGE_PAGES (HUGE_SIZE / PROC_PAGE_SIZE)

/* Long enough for what writes a hundred times a second to be seen. */
#define MOMENT_NS 30000000

#define PARTS_MAX 64

struct looking {
	int pidfd, pagemap;
	struct proc_holes holes;
	bool split;
	size_t nr;
	struct iovec parts[PARTS_MAX]; /* one page of each */
	uint64_t entries[HUGE_PAGES];
};

static bool has_huge_pages(int dir)
{
	char text[4096], *line;

	if (proc_read(dir, "smaps_rollup", text, sizeof(text)) < 0)
		return false;
	line = strstr(text, "\nAnonHugePages:");
	return line && strtoull(strchr(line, ':') + 1, NULL, 10) > 0;
}

/* That it fails, mostly since the memory is locked, matters to nobody. */
static void split(struct looking *looking)
{
	for (size_t i = 0; i < looking->nr;) {
		ssize_t done =
			process_madvise(looking->pidfd, &looking->parts[i], looking->nr - i, MADV_COLD, 0);

		/* What went well before one fails is counted. */
		i += done > 0 ? done / PROC_PAGE_SIZE : 1;
	}
	looking->split |= looking->nr > 0;
	looking->nr = 0;
}

/* Small pages that were all written look the same; it does them no harm. */
static bool is_dirty(const struct looking *looking)
{
	const uint64_t bits = PROC_PAGE_PRESENT | PROC_PAGE_SOFT_DIRTY;

	for (size_t i = 0; i < HUGE_PAGES; i++) {
		if ((looking->entries[i] & (bits | PROC_PAGE_FILE)) != bits)
			return false;
	}
	return true;
}

static int look_at(const struct proc_map *map, void *data)
{
	struct looking *looking = data;
	uint64_t start = (map->start + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);

	if (map->perms[1] != 'w' || map->perms[3] != 'p')
		return 0;
	for (; start < map->end && map->end - start >= HUGE_SIZE; start += HUGE_SIZE) {
		ssize_t got;

		start = proc_holes_skip(&looking->holes, start, map->end) & ~(HUGE_SIZE - 1);
		if (map->end - start < HUGE_SIZE)
			break;
		got = proc_pagemap_read(looking->pagemap, start, looking->entries, HUGE_PAGES);

		if (got < 0)
			return got;
		if (got < (ssize_t)HUGE_PAGES)
			return 0;
		if (!is_dirty(looking))
			continue;
		looking->parts[looking->nr++] = (struct iovec){ (void *)(uintptr_t)start, PROC_PAGE_SIZE };
		if (looking->nr == PARTS_MAX)
			split(looking);
	}
	return 0;
}

int busy_split(pid_t pid, int dir)
{
	const struct timespec moment = { .tv_nsec = MOMENT_NS };
	struct looking *looking;
	int ret = -ENOMEM;

	if (!has_huge_pages(dir))
		return 0;
	nanosleep(&moment, NULL);
	looking = calloc(1, sizeof(*looking));
	if (!looking)
		return ret;
	looking->pidfd = pidfd_open(pid, 0);
	looking->pagemap = proc_pagemap_open(dir);
	ret = looking->pidfd < 0 ? -errno : looking->pagemap;
	if (ret >= 0) {
		proc_holes_open(&looking->holes, dir, looking->pagemap);
		ret = proc_maps_each(dir, look_at, looking);
		proc_holes_close(&looking->holes);
		split(looking);
		ret = ret ?: looking->split;
	}
	if (looking->pidfd >= 0)
		close(looking->pidfd);
	if (looking->pagemap >= 0)
		close(looking->pagemap);
	free(looking);
	return ret;
}
