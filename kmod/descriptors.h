/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_DESCRIPTORS_H
#define CRLOCK_DESCRIPTORS_H

#include <linux/types.h>

struct file;
struct task_struct;

/**
 * struct crlock_descriptor - A descriptor that is being visited.
 * @file: lives until the visit ends
 * @table: the table that it is in, only to be compared
 * @fd: its number
 * @cloexec: it is closed by execve()
 */
struct crlock_descriptor {
	struct file *file;
	const void *table;
	int fd;
	bool cloexec;
};

/**
 * typedef crlock_descriptor_fn - Visits a descriptor. Under spinlocks: must not sleep.
 * @descriptor: good until it returns
 * @data: as given to the walk
 *
 * Return: 0, or an error that ends the walk; -ENOSPC: what the walk's room function makes is missing,
 * come back with the same descriptor.
 */
typedef int crlock_descriptor_fn(const struct crlock_descriptor *descriptor, void *data);

/** typedef crlock_room_fn - Makes room. May sleep. Return: 0 or an error. */
typedef int crlock_room_fn(void *data);

int crlock_walk_descriptors(struct task_struct *task, crlock_descriptor_fn *visit,
			    crlock_room_fn *room, void *data);

#endif
