/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of others that are held for as long as somebody likes, who serves a fault or a file system: they are
 * not waited for without end, nor for each of many such.
 */
#ifndef CRLOCK_PATIENCE_H
#define CRLOCK_PATIENCE_H

#include <linux/delay.h>
#include <linux/sched/signal.h>

/* For one lock, whatever was waited for others: most are held for some microseconds. */
#define CRLOCK_TRIES_SHORT 4

/* For one lock, and for all. */
#define CRLOCK_TRIES	 250
#define CRLOCK_TRIES_ALL 1000

#define CRLOCK_PAUSE 1000 /* microseconds */

/**
 * struct crlock_patience - What is left of it for the locks of a walk.
 * @used: how often it was waited for long
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
	if (fatal_signal_pending(current))
		return false;
	if (tries < CRLOCK_TRIES_SHORT) {
		usleep_range(10, 50);
		return true;
	}
	if (tries >= CRLOCK_TRIES || patience->used >= CRLOCK_TRIES_ALL)
		return false;
	patience->used++;
	usleep_range(CRLOCK_PAUSE, 2 * CRLOCK_PAUSE);
	return true;
}

#endif
