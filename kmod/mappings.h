/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_MAPPINGS_H
#define CRLOCK_MAPPINGS_H

#include "patience.h"
#include "room.h"

struct file;
struct task_struct;

/**
 * struct crlock_mappings - Walks over the mappings of one address space after the other.
 * @patience: with who holds an mmap_lock
 * @busy: how many could not be visited, or not to their end, since it was held too long
 */
struct crlock_mappings {
	struct crlock_patience patience;
	u32 busy;
};

/**
 * typedef crlock_mapping_fn - Visits a mapped file under mmap_lock.
 * @file: it
 * @start: address of the mapping
 * @first: it is the first that is visited since mmap_lock was taken
 * @data: as given to the walk
 *
 * Return: as crlock_descriptor_fn.
 */
typedef int crlock_mapping_fn(struct file *file, unsigned long start, bool first, void *data);

int crlock_walk_mappings(struct crlock_mappings *mappings, struct task_struct *task,
			 crlock_mapping_fn *visit, crlock_room_fn *room, void *data);

#endif
