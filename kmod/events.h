/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events on their way from the probes, which may not sleep, to the work that sends them: a ring of bounded
 * size, which is there only while someone listens. What finds no room is counted.
 */
#ifndef CRLOCK_EVENTS_H
#define CRLOCK_EVENTS_H

#include <linux/types.h>

#include <linux/crlock.h>

struct pid;
struct work_struct;

/**
 * struct crlock_event_entry - An event before it is translated to a reader's pid namespace.
 * @row: all but process ids
 * @pid: of crlock_event.pid; or NULL
 * @by: of crlock_event.by_pid
 * @by_thread: of crlock_event.by_tid
 */
struct crlock_event_entry {
	struct crlock_event row;
	struct pid *pid;
	struct pid *by;
	struct pid *by_thread;
};

int crlock_events_start(struct work_struct *work);
void crlock_events_stop(void);
void crlock_events_put(const struct crlock_event *row, struct pid *pid);
void crlock_events_lose(void);
u64 crlock_events_lost(void);
u32 crlock_events_take(struct crlock_event_entry *entries, u32 max);
void crlock_event_release(struct crlock_event_entry *entry);

#endif
