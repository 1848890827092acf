/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_MAPPINGS_H
#define CRLOCK_MAPPINGS_H

#include "room.h"

struct file;
struct task_struct;

/** typedef crlock_mapping_fn - Visits a mapped file under mmap_lock, else as crlock_descriptor_fn. */
typedef int crlock_mapping_fn(struct file *file, unsigned long start, void *data);

int crlock_walk_mappings(struct task_struct *task, crlock_mapping_fn *visit, crlock_room_fn *room,
			 void *data);

#endif
