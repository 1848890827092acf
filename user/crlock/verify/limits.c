// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module tells of the locks that are there, and text cannot.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crlock/verify/compare.h"

static const struct place locks_place = { .fd = -1 };

struct limits {
	struct findings *findings;
	uint64_t *counts; /* by rule */
	const struct shown *shown;
};

static void add(struct limits *limits, enum rule rule, const struct entry *entry)
{
	limits->counts[rule]++;
	findings_add(limits->findings, rule, &locks_place, NULL, entry);
}

static void add_lock(struct limits *limits, enum rule rule, const struct lock *lock)
{
	struct entry entry;

	entry_of_lock(&entry, lock);
	limits->counts[rule]++;
	findings_add(limits->findings, rule, &locks_place, &entry, NULL);
}

/* Whether a descriptor has a line of the lock, and behind it one that tells how that is being broken. */
static bool fd_tells_break(const struct shown *shown, const struct crlock_holder *holder,
			   const struct lock *lock)
{
	const struct shown_fd *fd = holder->tid ? shown_find(shown, holder->tid, holder->fd) : NULL;
	struct entry wanted;

	entry_of_lock(&wanted, lock);
	for (size_t i = 0; fd && i < fd->nr; i++) {
		const struct entry *line = &shown->fdinfo.entries[fd->first + i];

		if (line->is_line && !entry_differs(&wanted, line) &&
		    tells_break(shown, shown_break(shown, fd, line->line.nr), lock))
			return true;
	}
	return false;
}

static bool is_told(const struct limits *limits, const struct lock *lock)
{
	for (size_t i = 0; limits->shown->told.nr && i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (holder->kind == CRLOCK_HOLDER_DESCRIPTOR && fd_tells_break(limits->shown, holder, lock))
			return true;
	}
	return false;
}

static void lease_limits(struct limits *limits, const struct lock *lock)
{
	const uint8_t state = lock->row.state;
	bool breaking = state & (CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING);

	if (breaking && !is_told(limits, lock)) {
		add_lock(limits, RULE_DEADLINE, lock);
		if (state & CRLOCK_LOCK_UNLOCK_PENDING)
			add_lock(limits, RULE_HELD_TYPE, lock);
	}
	if (state & CRLOCK_LOCK_NOTICE)
		add_lock(limits, RULE_NOTICE, lock);
	if (lock->row.kind == CRLOCK_KIND_LAYOUT)
		add_lock(limits, RULE_LAYOUT, lock);
}

/* Whether stat(2) tells the file by other numbers. The descriptor is not opened anew. */
static bool stat_differs(const struct lock *lock, const struct crlock_holder *holder)
{
	struct statx stat;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", holder->tid, holder->fd);
	if (statx(AT_FDCWD, name, AT_STATX_DONT_SYNC, STATX_INO, &stat))
		return false;
	return stat.stx_ino != lock->row.ino || stat.stx_dev_major != lock->row.dev_major ||
	       stat.stx_dev_minor != lock->row.dev_minor;
}

static void holder_limits(struct limits *limits, const struct lock *lock)
{
	const struct crlock_holder *descriptor = NULL;
	bool kinds[CRLOCK_HOLDER_IN_FLIGHT + 1] = { false }, setter = false;

	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (holder->kind <= CRLOCK_HOLDER_IN_FLIGHT)
			kinds[holder->kind] = true;
		setter |= holder->tgid == lock->row.pid;
		if (holder->kind == CRLOCK_HOLDER_DESCRIPTOR && holder->tid && !descriptor)
			descriptor = holder;
	}
	if (kinds[CRLOCK_HOLDER_MAPPING])
		add_lock(limits, RULE_HOLDER_MAPPING, lock);
	if (kinds[CRLOCK_HOLDER_IN_FLIGHT])
		add_lock(limits, RULE_HOLDER_IN_FLIGHT, lock);
	if (!descriptor)
		add_lock(limits, RULE_HOLDER_UNKNOWN, lock);
	else if (stat_differs(lock, descriptor))
		add_lock(limits, RULE_STAT_DEVICE, lock);
	if (!setter && lock->row.pid && lock->row.kind != CRLOCK_KIND_OFD)
		add_lock(limits, RULE_SETTER_GONE, lock);
}

static void lock_limits(struct limits *limits, const struct lock *lock)
{
	lease_limits(limits, lock);
	holder_limits(limits, lock);
	if (lock->row.kind == CRLOCK_KIND_OFD)
		add_lock(limits, RULE_OFD_PID, lock);
	else if (!lock->row.pid)
		add_lock(limits, RULE_HIDDEN, lock);
	/* The second of a list, and those behind it. */
	if (lock->row.rank)
		add_lock(limits, RULE_LIST_ORDER, lock);
}

static int compare_entries(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	return entry_order(&a->line, &b->line);
}

static void alike(struct limits *limits, const struct lock_list *list)
{
	struct entry *entries = calloc(list->nr + 1, sizeof(*entries));

	limits->findings->failed |= !entries;
	for (size_t i = 0; entries && i < list->nr; i++)
		entry_of_lock(&entries[i], &list->locks[i]);
	if (entries)
		qsort(entries, list->nr, sizeof(*entries), compare_entries);
	for (size_t i = 1; entries && i < list->nr; i++) {
		if (!compare_entries(&entries[i], &entries[i - 1]))
			add_lock(limits, RULE_ALIKE, entries[i].lock);
	}
	free(entries);
}

static void request_limits(struct limits *limits, struct shown *shown, struct tasks *tasks)
{
	struct proc_lock *told;
	size_t nr = told_requests(shown, &told);

	limits->findings->failed |= !told;
	for (size_t i = 0; i < shown->locks.nr; i++) {
		const struct entry *entry = &shown->locks.entries[i];
		bool is_told;

		if (!entry->is_line || !entry->line.depth)
			continue;
		is_told = tells_request(told, nr, entry);
		if (entry->line.kind == CRLOCK_KIND_OFD && !is_told)
			add(limits, RULE_WAITER_SETTER, entry);
		if (entry->line.state == PROC_LOCK_BREAKER && !is_told)
			add(limits, RULE_WAITER_FILE, entry);
		if (!entry->task && tasks->lockd)
			add(limits, RULE_WAITER_REMOTE, entry);
	}
	free(told);
	for (size_t i = 0; i < tasks->nr; i++) {
		if (tasks->tasks[i].remote)
			add(limits, RULE_WAITER_REMOTE, &tasks->tasks[i].wanted);
	}
}

void add_limits(struct findings *findings, const struct lock_list *list, struct shown *shown,
		struct tasks *tasks, uint64_t counts[NR_RULES])
{
	struct limits limits = { findings, counts, shown };

	for (size_t i = 0; i < list->nr; i++)
		lock_limits(&limits, &list->locks[i]);
	alike(&limits, list);
	request_limits(&limits, shown, tasks);
}
