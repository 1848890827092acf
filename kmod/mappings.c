// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk over the files that an address space maps. A mapping keeps its file, and mmap_lock keeps the
 * mapping.
 *
 * mmap(2) holds it for as long as who serves the file likes: it may wait for a page that is still to be read.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "mappings.h"

/* Mappings in one go, so that a writer of mmap_lock need not wait long. */
#define BATCH 1000

/* Return: as crlock_mapping_fn, or 1 at the end. */
static int visit_batch(struct mm_struct *mm, unsigned long *next, crlock_mapping_fn *visit,
		       void *data)
{
	VMA_ITERATOR(vmi, mm, *next);
	struct vm_area_struct *vma;
	unsigned int nr = 0;
	bool first = true;
	int ret;

	for_each_vma(vmi, vma) {
		*next = vma->vm_start;
		if (nr++ == BATCH)
			return 0;
		if (!vma->vm_file)
			continue;
		ret = visit(vma->vm_file, vma->vm_start, first, data);
		if (ret)
			return ret;
		first = false;
	}
	return 1;
}

static bool lock_mappings(struct crlock_mappings *mappings, struct mm_struct *mm)
{
	u32 tries = 0;

	while (!mmap_read_trylock(mm)) {
		if (!crlock_patience_wait(&mappings->patience, tries++))
			return false;
	}
	return true;
}

/**
 * crlock_walk_mappings - Visits each file mapping of a thread's address space.
 * @mappings: all zero before the first walk
 * @task: the caller has a reference
 * @visit: is called with @data for each
 * @room: is called with @data after @visit gave -ENOSPC
 * @data: for @visit and @room
 *
 * Return: 0, -EINTR if the caller is being killed, or an error of @visit or @room.
 */
int crlock_walk_mappings(struct crlock_mappings *mappings, struct task_struct *task,
			 crlock_mapping_fn *visit, crlock_room_fn *room, void *data)
{
	struct mm_struct *mm = get_task_mm(task);
	unsigned long next = 0;
	int ret;

	if (!mm)
		return 0;
	do {
		if (!lock_mappings(mappings, mm)) {
			mappings->busy++;
			ret = fatal_signal_pending(current) ? -EINTR : 1;
			break;
		}
		ret = visit_batch(mm, &next, visit, data);
		mmap_read_unlock(mm);
		if (ret == -ENOSPC)
			ret = room(data);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (!ret);
	/* The last one waits for I/O of its process, for as long as who serves that likes. */
	mmput_async(mm);
	return ret < 0 ? ret : 0;
}
