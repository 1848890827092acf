// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <sys/ioctl.h>

#include "procfs/holes.h"
#include "procfs/smaps.h"

/* To look for the next page is a system call more; to read smaps takes as long as to look at gigabytes. */
#define SCAN_MIN  (256ULL << 20)
#define SMAPS_MIN (4ULL << 30)

void proc_holes_open(struct proc_holes *holes, int dir, int pagemap)
{
	*holes = (struct proc_holes){ .dir = dir, .pagemap = pagemap };
}

void proc_holes_close(struct proc_holes *holes)
{
	free(holes->holes);
	*holes = (struct proc_holes){ 0 };
}

/* PAGEMAP_SCAN of linux/fs.h, which headers before Linux 6.7 do not have. */
struct scan {
	uint64_t size, flags;
	uint64_t start, end, walk_end;
	uint64_t regions, nr_regions, max_pages;
	uint64_t inverted, all_of, any_of, told;
};

struct region {
	uint64_t start, end, categories;
};

#define SCAN _IOWR('f', 16, struct scan)

enum category {
	CATEGORY_PRESENT = 1 << 3,
	CATEGORY_SWAPPED = 1 << 4,
};

static uint64_t scan(struct proc_holes *holes, uint64_t start, uint64_t end)
{
	struct region region;
	struct scan scan = {
		.size = sizeof(scan),
		.start = start,
		.end = end,
		.regions = (uintptr_t)&region,
		.nr_regions = 1,
		.max_pages = 1,
		.any_of = CATEGORY_PRESENT | CATEGORY_SWAPPED,
		.told = CATEGORY_PRESENT | CATEGORY_SWAPPED,
	};
	int nr = ioctl(holes->pagemap, SCAN, &scan);

	holes->no_scan = nr < 0;
	if (nr < 0)
		return start;
	return nr ? region.start : end;
}

static int add_empty(const struct proc_map *map, uint32_t flags, unsigned int key, void *data)
{
	struct proc_holes *holes = data;
	struct proc_hole *larger;

	(void)key;
	if (!(flags & PROC_SMAP_EMPTY) || flags & PROC_SMAP_HUGETLB)
		return 0;
	larger = reallocarray(holes->holes, holes->nr + 1, sizeof(*larger));
	if (!larger)
		return 0;
	holes->holes = larger;
	larger[holes->nr++] = (struct proc_hole){ map->start, map->end };
	return 0;
}

static uint64_t look_up(struct proc_holes *holes, uint64_t start, uint64_t end)
{
	if (!holes->is_read)
		proc_smaps_each(holes->dir, add_empty, holes);
	holes->is_read = true;
	for (size_t i = 0; i < holes->nr; i++) {
		const struct proc_hole *hole = &holes->holes[i];

		if (hole->start <= start && start < hole->end)
			start = hole->end < end ? hole->end : end;
	}
	return start;
}

uint64_t proc_holes_skip(struct proc_holes *holes, uint64_t start, uint64_t end)
{
	if (!holes->no_scan && end - start >= SCAN_MIN)
		start = scan(holes, start, end);
	if (holes->no_scan && end - start >= SMAPS_MIN)
		start = look_up(holes, start, end);
	return start;
}
