// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of requests: each against the thread that waits, against what it is shown to wait for, and against
 * the module, which tells whether anybody waits for a lock.
 */
#include <stdlib.h>

#include "crlock/verify/compare.h"
#include "locks/apply.h"
#include "procfs/order.h"

static const struct place locks_place = { .fd = -1 };

/* How many requests of the same level one is compared with. */
#define SIBLINGS_MAX 16

/* Threads and lines ---------------------------------------------------------------------------------- */

/* What a server queues for others has no thread that sleeps; who is not visible has no number. */
static bool forgive(const struct entry *got, const void *data)
{
	const struct tasks *tasks = data;

	return tasks->hidden || tasks->lockd || !got->line.pid || got->line.pid < -1 ||
	       (tasks->inside && got->line.pid == -1);
}

struct inode {
	uint64_t ino, dev;
};

static int compare_inodes(const void *x, const void *y)
{
	const struct inode *a = x, *b = y;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return (a->dev > b->dev) - (a->dev < b->dev);
}

/* Returns: the inodes with locks, each once, to be freed. */
static struct inode *inodes_of(const struct lock_list *list, size_t *nr)
{
	struct inode *inodes = calloc(list->nr + 1, sizeof(*inodes));

	*nr = 0;
	if (!inodes)
		return NULL;
	for (size_t i = 0; i < list->nr; i++) {
		const struct crlock_lock *row = &list->locks[i].row;

		inodes[i] = (struct inode){ row->ino, (uint64_t)row->dev_major << 32 | row->dev_minor };
	}
	qsort(inodes, list->nr, sizeof(*inodes), compare_inodes);
	for (size_t i = 0; i < list->nr; i++) {
		if (!i || compare_inodes(&inodes[i], &inodes[*nr - 1]))
			inodes[(*nr)++] = inodes[i];
	}
	return inodes;
}

/* fdinfo tells no device: that of the only file with this number that has locks, if there is but one. */
static void set_device(struct entry *wanted, const struct inode *inodes, size_t nr)
{
	size_t first = FIRST_NOT(i, nr, inodes[i].ino < wanted->line.ino);

	wanted->unknown |= FIELD_DEVICE;
	if (first == nr || inodes[first].ino != wanted->line.ino ||
	    (first + 1 < nr && inodes[first + 1].ino == wanted->line.ino))
		return;
	wanted->line.dev_major = inodes[first].dev >> 32;
	wanted->line.dev_minor = (uint32_t)inodes[first].dev;
	wanted->unknown &= ~FIELD_DEVICE;
}

static void set_devices(struct findings *findings, const struct lock_list *list, struct tasks *tasks)
{
	size_t nr;
	struct inode *inodes = inodes_of(list, &nr);

	findings->failed |= !inodes;
	for (size_t i = 0; inodes && i < tasks->nr; i++) {
		if (tasks->tasks[i].fd >= 0)
			set_device(&tasks->tasks[i].wanted, inodes, nr);
	}
	free(inodes);
}

static void pair_tasks(struct findings *findings, struct shown *shown, struct tasks *tasks)
{
	struct entry **wanted = calloc(tasks->nr + 1, sizeof(*wanted));
	struct entry **got = calloc(shown->locks.nr + 1, sizeof(*got));
	struct pairing pairing = {
		.wanted = wanted,
		.got = got,
		.rules = RULE_WAITER,
		.place = locks_place,
		.findings = findings,
		.forgive = forgive,
		.data = tasks,
	};

	if (wanted && got) {
		for (size_t i = 0; i < tasks->nr; i++) {
			tasks->tasks[i].wanted.optional = tasks->tasks[i].remote;
			wanted[pairing.nr_wanted++] = &tasks->tasks[i].wanted;
		}
		for (size_t i = 0; i < shown->locks.nr; i++) {
			struct entry *entry = &shown->locks.entries[i];

			entry->task = NULL;
			if (entry->is_line && entry->line.depth)
				got[pairing.nr_got++] = entry;
		}
		pair_all(&pairing);
	} else {
		findings->failed = true;
	}
	free(wanted);
	free(got);
}

/* What waits for what ------------------------------------------------------------------------------------ */

static bool is_lease(const struct proc_lock *line)
{
	return line->kind == CRLOCK_KIND_LEASE || line->kind == CRLOCK_KIND_DELEGATION;
}

static bool is_range(const struct proc_lock *line)
{
	return line->kind == CRLOCK_KIND_POSIX || line->kind == CRLOCK_KIND_OFD;
}

static bool same_list(const struct proc_lock *a, const struct proc_lock *b)
{
	return is_lease(a) == is_lease(b) && is_range(a) == is_range(b);
}

static bool same_file(const struct proc_lock *a, const struct proc_lock *b)
{
	return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* Whether two owners are in each other's way. Of a lease's types the text tells too little. */
static bool conflict(const struct proc_lock *a, const struct proc_lock *b)
{
	bool held_lease = is_lease(a) && a->state != PROC_LOCK_BREAKER;

	if (!same_list(a, b))
		return false;
	return held_lease ||
	       ((a->type == F_WRLCK || b->type == F_WRLCK) && a->start <= b->end && b->start <= a->end);
}

/* An open has no file. */
bool can_wait_for(const struct proc_lock *request, const struct proc_lock *above)
{
	return conflict(above, request) &&
	       (!above->has_inode || !request->has_inode || same_file(above, request));
}

static void check_beneath(struct findings *findings, const struct entry *above, struct entry *entry)
{
	const struct proc_lock *a = &above->line, *b = &entry->line;
	struct entry like = *entry;

	if (b->nr != a->nr)
		findings_add(findings, RULE_WAITER + OF_NUMBER, &locks_place, NULL, entry);
	if (a->has_inode && b->has_inode && a->ino == b->ino && !same_file(a, b)) {
		like.line.dev_major = a->dev_major;
		like.line.dev_minor = a->dev_minor;
		findings_add(findings, RULE_WAITER + OF_DEVICE, &locks_place, &like, entry);
	} else if (!can_wait_for(b, a)) {
		findings_add(findings, RULE_WAITER_LOCK, &locks_place, NULL, entry);
	}
}

/* A request that is in the way of another of the same level would have that beneath it. */
static void check_siblings(struct findings *findings, struct entry **siblings, size_t nr, struct entry *entry)
{
	for (size_t i = 0; i < nr; i++) {
		const struct task *a = siblings[i]->task, *b = entry->task;

		if (!a || !b || !conflict(&siblings[i]->line, &entry->line))
			continue;
		if (siblings[i]->line.kind != entry->line.kind && is_lease(&entry->line))
			continue;
		if (!is_lease(&entry->line) && tasks_same_owner(a, b))
			continue;
		findings_add(findings, RULE_WAITER_LEVEL, &locks_place, NULL, entry);
		return;
	}
}

struct level {
	struct entry *last;
	struct entry *siblings[SIBLINGS_MAX];
	size_t nr;
};

static void check_request(struct findings *findings, struct level *levels, unsigned int *deepest,
			  struct entry *entry)
{
	unsigned int depth = entry->line.depth;
	struct level *level;

	if (depth >= REQUEST_DEPTH_MAX)
		return;
	if (depth > *deepest + 1) {
		findings_add(findings, RULE_WAITER_LEVEL, &locks_place, NULL, entry);
		return;
	}
	if (depth > *deepest)
		levels[depth].nr = 0;
	level = &levels[depth];
	check_beneath(findings, levels[depth - 1].last, entry);
	check_siblings(findings, level->siblings, level->nr < SIBLINGS_MAX ? level->nr : SIBLINGS_MAX, entry);
	level->siblings[level->nr++ % SIBLINGS_MAX] = entry;
	level->last = entry;
	*deepest = depth;
}

static void check_tree(struct findings *findings, struct shown *shown)
{
	static struct level levels[REQUEST_DEPTH_MAX];
	unsigned int deepest = 0;
	bool any = false;

	for (size_t i = 0; i < shown->locks.nr; i++) {
		struct entry *entry = &shown->locks.entries[i];

		if (!entry->is_line)
			continue;
		if (!entry->line.depth) {
			levels[0].last = entry;
			deepest = 0;
			any = true;
		} else if (any) {
			check_request(findings, levels, &deepest, entry);
		} else {
			findings_add(findings, RULE_WAITER_LOCK, &locks_place, NULL, entry);
		}
	}
}

/* The module: somebody waits, or nobody ---------------------------------------------------------------- */

struct waited {
	struct entry entry;
	struct entry *got;
	bool waits;
};

static int compare_waited(const void *x, const void *y)
{
	const struct proc_lock *a = &((const struct waited *)x)->entry.line;
	const struct proc_lock *b = &((const struct waited *)y)->entry.line;

	return entry_order(a, b);
}

static size_t count_waits(const struct waited *all, size_t nr)
{
	size_t waits = 0;

	for (size_t i = 0; i < nr; i++)
		waits += all[i].waits;
	return waits;
}

static size_t group_len(const struct waited *all, size_t nr, const struct waited *first)
{
	size_t len = 0;

	while (len < nr && !compare_waited(&all[len], first))
		len++;
	return len;
}

static const struct waited *any_that_waits(const struct waited *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (all[i].waits)
			return &all[i];
	}
	return NULL;
}

/* Locks that look alike are counted together. */
static void compare_groups(struct findings *findings, const struct waited *a, size_t nr_a,
			   const struct waited *b, size_t nr_b)
{
	while (nr_a) {
		size_t len_a = group_len(a, nr_a, a), len_b, waits_a, waits_b;

		while (nr_b && compare_waited(b, a) < 0)
			b++, nr_b--;
		len_b = group_len(b, nr_b, a);
		waits_a = count_waits(a, len_a);
		waits_b = count_waits(b, len_b);
		/* What differs else is told elsewhere. */
		if (len_b && waits_a > waits_b)
			findings_add(findings, RULE_WAITER + OF_MISSING, &locks_place,
				     &any_that_waits(a, len_a)->entry, NULL);
		else if (len_b && waits_a < waits_b)
			findings_add(findings, RULE_WAITER + OF_EXTRA, &locks_place, NULL,
				     any_that_waits(b, len_b)->got);
		a += len_a;
		nr_a -= len_a;
		b += len_b;
		nr_b -= len_b;
	}
}

static size_t held_lines(struct shown *shown, struct waited *lines)
{
	size_t nr = 0;

	for (size_t i = 0; i < shown->locks.nr; i++) {
		struct entry *entry = &shown->locks.entries[i];

		if (!entry->is_line)
			continue;
		if (!entry->line.depth) {
			lines[nr++] = (struct waited){ .entry = *entry };
		} else if (nr && !lines[nr - 1].waits) {
			lines[nr - 1].waits = true;
			lines[nr - 1].got = entry;
		}
	}
	return nr;
}

static void compare_flags(struct findings *findings, const struct lock_list *list, struct shown *shown)
{
	struct waited *locks = calloc(list->nr + 1, sizeof(*locks));
	struct waited *lines = calloc(shown->locks.nr + 1, sizeof(*lines));
	size_t nr;

	if (locks && lines) {
		for (size_t i = 0; i < list->nr; i++) {
			entry_of_lock(&locks[i].entry, &list->locks[i]);
			locks[i].waits = list->locks[i].row.state & CRLOCK_LOCK_WAITERS;
		}
		nr = held_lines(shown, lines);
		qsort(locks, list->nr, sizeof(*locks), compare_waited);
		qsort(lines, nr, sizeof(*lines), compare_waited);
		compare_groups(findings, locks, list->nr, lines, nr);
	} else {
		findings->failed = true;
	}
	free(locks);
	free(lines);
}

void compare_waiters(struct findings *findings, const struct lock_list *list, struct shown *shown,
		     struct tasks *tasks)
{
	set_devices(findings, list, tasks);
	pair_tasks(findings, shown, tasks);
	check_tree(findings, shown);
	compare_flags(findings, list, shown);
	compare_requesters(findings, list, shown, tasks);
}
