/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of others that are held for as long as somebody likes, who serves a fault or a file system: they are
 * not waited for without end, nor for each of many such.
 */
#ifndef CRLOCK_PATIENCE_H
#define CRLOCK_PATIENCE_H

#include <linux/delay.h>
#include <linux/sched/signal.h>

#define CRLOCK_TRIES	 250 /* for one lock */
#define CRLOCK_TRIES_ALL 1000
#define CRLOCK_PAUSE	 1000 /* microseconds */

/**
 * struct crlock_patience - What is left of it for the locks of a walk.
 * @used: how often it was waited
 */
struct crlock_patience {
	u32 used;
};

/**
 * crlock_patience_wait - Waits a moment for a lock.
 * @patience: of the walk
 * @tries: how often that was done for this lock
 *
 * Return: whether to try again; not if the caller is being killed.
 */
static inline bool crlock_patience_wait(struct crlock_patience *patience, u32 tries)
{
	if (tries >= CRLOCK_TRIES || patience->used >= CRLOCK_TRIES_ALL || fatal_signal_pending(current))
		return false;
	patience->used++;
	usleep_range(CRLOCK_PAUSE, 2 * CRLOCK_PAUSE);
	return true;
}

#endif
