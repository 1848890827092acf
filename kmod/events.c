// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of events.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "events.h"

static unsigned int events_max = 4096;
module_param(events_max, uint, 0644);
MODULE_PARM_DESC(events_max, "Lock events that may wait to be sent (default 4096); for who begins to listen");

/* More would only hide that nobody keeps up. */
#define EVENTS_MOST (1U << 20)

/*
 * What waits to be sent. entries, NULL if nobody listens: there is room for max; nr wait, from head. lost:
 * how many found no room, since the module was loaded. work: is to be done when there are some.
 */
static struct {
	spinlock_t lock; /* of all that follows; taken below locks of fs/locks.c, takes none itself */
	struct crlock_event_entry *entries;
	u32 max;
	u32 head;
	u32 nr;
	u64 lost;
	struct work_struct *work;
} ring = { .lock = __SPIN_LOCK_UNLOCKED(ring.lock) };

/** crlock_event_release - Gives back what an entry holds. */
void crlock_event_release(struct crlock_event_entry *entry)
{
	put_pid(entry->pid);
	put_pid(entry->by);
	put_pid(entry->by_thread);
}

/**
 * crlock_events_start - Makes room for events. May sleep; the probes are not there yet.
 * @work: is queued when there are some
 *
 * Return: 0 or -ENOMEM.
 */
int crlock_events_start(struct work_struct *work)
{
	u32 max = clamp(READ_ONCE(events_max), 1U, EVENTS_MOST);
	struct crlock_event_entry *entries = kvmalloc_array(max, sizeof(*entries),
							    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);

	if (!entries)
		return -ENOMEM;
	spin_lock(&ring.lock);
	ring.entries = entries;
	ring.max = max;
	ring.head = 0;
	ring.nr = 0;
	ring.work = work;
	spin_unlock(&ring.lock);
	return 0;
}

/** crlock_events_stop - Forgets the events that are left. May sleep; the probes are gone. */
void crlock_events_stop(void)
{
	struct crlock_event_entry *entries = ring.entries;
	u32 i;

	spin_lock(&ring.lock);
	ring.entries = NULL;
	spin_unlock(&ring.lock);
	for (i = 0; i < ring.nr; i++)
		crlock_event_release(&entries[(ring.head + i) % ring.max]);
	ring.nr = 0;
	kvfree(entries);
}

static void note_names(struct crlock_event_entry *entry)
{
	const struct task_struct *task;

	rcu_read_lock();
	task = pid_task(entry->pid, PIDTYPE_TGID);
	if (task)
		strscpy_pad(entry->row.comm, task->comm, sizeof(entry->row.comm));
	rcu_read_unlock();
	strscpy_pad(entry->row.by_comm, current->comm, sizeof(entry->row.by_comm));
}

/**
 * crlock_events_put - Adds an event that this thread makes happen. Does not sleep.
 * @row: all but names and process ids
 * @pid: process of the event; NULL: it is gone
 */
void crlock_events_put(const struct crlock_event *row, struct pid *pid)
{
	struct crlock_event_entry *entry;

	spin_lock(&ring.lock);
	if (ring.nr == ring.max) {
		ring.lost++;
	} else {
		entry = &ring.entries[(ring.head + ring.nr++) % ring.max];
		entry->row = *row;
		entry->pid = get_pid(pid);
		entry->by = get_pid(task_tgid(current));
		entry->by_thread = get_pid(task_pid(current));
		note_names(entry);
	}
	spin_unlock(&ring.lock);
	queue_work(system_unbound_wq, ring.work);
}

/** crlock_events_lose - Counts an event that could not be made for want of memory. Does not sleep. */
void crlock_events_lose(void)
{
	spin_lock(&ring.lock);
	ring.lost++;
	spin_unlock(&ring.lock);
	queue_work(system_unbound_wq, ring.work);
}

/** crlock_events_lost - How many were lost since the module was loaded. */
u64 crlock_events_lost(void)
{
	u64 lost;

	spin_lock(&ring.lock);
	lost = ring.lost;
	spin_unlock(&ring.lock);
	return lost;
}

/**
 * crlock_events_take - Takes the events that have waited longest.
 * @entries: gets them; the caller crlock_event_release()s each
 * @max: how many there is room for
 *
 * Return: how many there were.
 */
u32 crlock_events_take(struct crlock_event_entry *entries, u32 max)
{
	u32 nr, i;

	spin_lock(&ring.lock);
	nr = ring.entries ? min(max, ring.nr) : 0;
	for (i = 0; i < nr; i++) {
		entries[i] = ring.entries[ring.head];
		ring.head = (ring.head + 1) % ring.max;
	}
	ring.nr -= nr;
	spin_unlock(&ring.lock);
	return nr;
}
