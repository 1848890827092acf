/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/smaps: mappings with what the kernel says of each beyond its place and permissions.
 */
#ifndef PROCFS_SMAPS_H
#define PROCFS_SMAPS_H

#include "procfs/maps.h"

/* Two letters of the line VmFlags, see proc_pid_smaps(5). */
enum proc_smap_flag {
	PROC_SMAP_GROWS_DOWN = 1 << 0, /* gd */
	PROC_SMAP_PURE_PFN = 1 << 1, /* pf */
	PROC_SMAP_LOCKED = 1 << 2, /* lo */
	PROC_SMAP_IO = 1 << 3, /* io */
	PROC_SMAP_SEQUENTIAL = 1 << 4, /* sr */
	PROC_SMAP_RANDOM = 1 << 5, /* rr */
	PROC_SMAP_NO_FORK = 1 << 6, /* dc */
	PROC_SMAP_NO_RESERVE = 1 << 7, /* nr */
	PROC_SMAP_HUGETLB = 1 << 8, /* ht */
	PROC_SMAP_NO_DUMP = 1 << 9, /* dd */
	PROC_SMAP_MERGEABLE = 1 << 10, /* mg */
	PROC_SMAP_HUGE = 1 << 11, /* hg */
	PROC_SMAP_NO_HUGE = 1 << 12, /* nh */
	PROC_SMAP_WIPE_ON_FORK = 1 << 13, /* wf */
	PROC_SMAP_UFFD_MISSING = 1 << 14, /* um */
	PROC_SMAP_UFFD_PROTECT = 1 << 15, /* uw */
	PROC_SMAP_UFFD_MINOR = 1 << 16, /* ui */
	PROC_SMAP_SHARED = 1 << 17, /* sh: mapped with MAP_SHARED */
	PROC_SMAP_MAY_WRITE = 1 << 18, /* mw */
	PROC_SMAP_SHADOW_STACK = 1 << 19, /* ss */
	PROC_SMAP_SEALED = 1 << 20, /* sl */
	PROC_SMAP_DROPPABLE = 1 << 21, /* dp */
	/* Of no letters: not all of its pages are in memory, as Rss and Size tell. */
	PROC_SMAP_PARTIAL = 1 << 22,
	PROC_SMAP_EMPTY = 1 << 23, /* none is, or in swap space; of huge pages that is not known */
};

/**
 * proc_smaps_fn - Is called for each mapping.
 * @map: its path is good until the call returns
 * @flags: of enum proc_smap_flag
 * @key: protection key, 0 is everybody's
 *
 * What it returns, if not 0, ends the reading.
 */
typedef int proc_smaps_fn(const struct proc_map *map, uint32_t flags, unsigned int key, void *data);

/** proc_smaps_each - Calls a function for each mapping of a process. Returns: 0, what it returned, or an error. */
int proc_smaps_each(int dir, proc_smaps_fn *fn, void *data);

#endif
