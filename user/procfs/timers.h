/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/timers: the timers of timer_create(2), but not when they expire.
 */
#ifndef PROCFS_TIMERS_H
#define PROCFS_TIMERS_H

#include "procfs/file.h"

struct proc_timer {
	int id;
	int signum;
	uint64_t sigval;
	unsigned int notify; /* SIGEV_* */
	pid_t notify_tid; /* with SIGEV_THREAD_ID, else 0 */
	int clock; /* CLOCK_* */
};

/**
 * proc_timers_read - Reads the timers of a process.
 * @timers: the caller frees them
 *
 * Returns: how many, or a negative errno value.
 */
int proc_timers_read(int dir, struct proc_timer **timers);

#endif
