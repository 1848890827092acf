/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_ROOM_H
#define CRLOCK_ROOM_H

/**
 * typedef crlock_room_fn - Makes room for what a walk visits. May sleep.
 * @data: as given to the walk
 *
 * Return: 0 or an error.
 */
typedef int crlock_room_fn(void *data);

#endif
