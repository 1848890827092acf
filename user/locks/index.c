// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "locks/flags.h"
#include "locks/index.h"
#include "procfs/order.h"

struct lock_index_entry {
	uint64_t dev, ino;
	int64_t start, end;
	int kind;
	pid_t pid;
	struct lock *lock;
	bool taken;
	size_t nr_taken; /* of the first of those with the same key: how many from there on are taken */
};

static uint64_t device(uint32_t dev_major, uint32_t dev_minor)
{
	return (uint64_t)dev_major << 32 | dev_minor;
}

/* /proc/locks shows layouts as leases, and as POSIX what has lost the flag of locks of descriptions. */
static int shown_kind(const struct crlock_lock *row)
{
	if (row->kind == CRLOCK_KIND_OFD && row->fl_flags && !(row->fl_flags & FL_OFDLCK))
		return CRLOCK_KIND_POSIX;
	return row->kind == CRLOCK_KIND_LAYOUT ? CRLOCK_KIND_LEASE : row->kind;
}

/* It shows no pid for locks of descriptions. */
static pid_t shown_pid(int kind, pid_t pid)
{
	return kind == CRLOCK_KIND_OFD || pid < 0 ? 0 : pid;
}

static int compare_keys(const struct lock_index_entry *a, const struct lock_index_entry *b)
{
	COMPARE(a->dev, b->dev);
	COMPARE(a->ino, b->ino);
	COMPARE(a->kind, b->kind);
	COMPARE(a->start, b->start);
	COMPARE(a->end, b->end);
	COMPARE(a->pid, b->pid);
	return 0;
}

/* Requests wait for the first lock of the inode's list that is in their way. */
static int compare_entries(const void *x, const void *y)
{
	const struct lock_index_entry *a = x, *b = y;
	int order = compare_keys(a, b);

	if (order)
		return order;
	COMPARE(a->lock->row.rank, b->lock->row.rank);
	COMPARE(a->lock, b->lock);
	return 0;
}

int lock_index_make(struct lock_index *index, struct lock_list *list)
{
	index->nr = list->nr;
	index->entries = calloc(list->nr + 1, sizeof(*index->entries));
	if (!index->entries)
		return -ENOMEM;
	for (size_t i = 0; i < list->nr; i++) {
		struct crlock_lock *row = &list->locks[i].row;

		index->entries[i] = (struct lock_index_entry){
			.dev = device(row->dev_major, row->dev_minor),
			.ino = row->ino,
			.start = row->start,
			.end = row->end,
			.kind = shown_kind(row),
			.pid = shown_pid(shown_kind(row), row->pid),
			.lock = &list->locks[i],
		};
	}
	qsort(index->entries, index->nr, sizeof(*index->entries), compare_entries);
	return 0;
}

void lock_index_free(struct lock_index *index)
{
	free(index->entries);
	index->entries = NULL;
}

static size_t first_entry(const struct lock_index *index, const struct lock_index_entry *key)
{
	return FIRST_NOT(i, index->nr, compare_keys(&index->entries[i], key) < 0);
}

/* Ranges of POSIX locks and of those of descriptions exclude each other, other kinds only themselves. */
static bool same_realm(int a, int b)
{
	return a == b || ((a == CRLOCK_KIND_POSIX || a == CRLOCK_KIND_OFD) &&
			  (b == CRLOCK_KIND_POSIX || b == CRLOCK_KIND_OFD));
}

static bool excludes(const struct lock_index_entry *entry, const struct proc_lock *line)
{
	if (!same_realm(entry->kind, line->kind) || entry->start > line->end || entry->end < line->start)
		return false;
	return entry->lock->row.held == F_WRLCK || line->type == F_WRLCK ||
	       (line->kind == CRLOCK_KIND_POSIX && entry->pid == line->pid);
}

bool lock_index_conflicts(const struct lock_index *index, const struct proc_lock *line)
{
	const struct lock_index_entry key = { .dev = device(line->dev_major, line->dev_minor),
					      .ino = line->ino,
					      .kind = INT_MIN };

	for (size_t i = first_entry(index, &key); i < index->nr; i++) {
		const struct lock_index_entry *entry = &index->entries[i];

		if (entry->dev != key.dev || entry->ino != key.ino)
			return false;
		if (excludes(entry, line))
			return true;
	}
	return false;
}

/* What is looked for. */
struct wanted {
	const struct proc_lock *line;
	bool waited_for;
	const struct proc_lock *requests; /* NULL: not told */
	size_t nr_requests;
};

static bool is_request(const struct lock_waiter *waiter, const struct proc_lock *request)
{
	return waiter->kind == request->kind && waiter->type == request->type &&
	       waiter->depth == request->depth && waiter->start == request->start &&
	       waiter->end == request->end &&
	       (waiter->pid == request->pid || !waiter->pid || request->pid <= 0);
}

static bool has_requests(const struct lock *lock, const struct wanted *wanted)
{
	if (lock->nr_waiters != wanted->nr_requests)
		return false;
	for (size_t i = 0; i < lock->nr_waiters; i++) {
		if (!is_request(&lock->waiters[i], &wanted->requests[i]))
			return false;
	}
	return true;
}

#define MOST_LIKELY 4

static unsigned int likelihood(const struct lock *lock, const struct wanted *wanted)
{
	bool same_type = lock->row.target == wanted->line->type;
	bool agrees = wanted->requests	   ? has_requests(lock, wanted)
		      : wanted->waited_for ? lock->row.state & CRLOCK_LOCK_WAITERS
					   : true;

	return 1 + same_type + (agrees ? 2 : 0);
}

static bool still_taken(const struct lock_index *index, size_t first, size_t i)
{
	return i < index->nr && index->entries[i].taken &&
	       !compare_keys(&index->entries[i], &index->entries[first]);
}

static struct lock_index_entry *take(struct lock_index *index, const struct lock_index_entry *key,
				     const struct wanted *wanted)
{
	size_t first = first_entry(index, key), i = first;
	struct lock_index_entry *best = NULL;
	unsigned int most = 0;

	if (first < index->nr)
		i += index->entries[first].nr_taken;
	for (; i < index->nr && !compare_keys(&index->entries[i], key); i++) {
		struct lock_index_entry *entry = &index->entries[i];
		unsigned int likely;

		if (entry->taken)
			continue;
		likely = likelihood(entry->lock, wanted);
		if (likely <= most)
			continue;
		best = entry;
		most = likely;
		if (likely == MOST_LIKELY)
			break;
	}
	if (!best)
		return NULL;
	best->taken = true;
	for (i = first + index->entries[first].nr_taken; still_taken(index, first, i); i++)
		index->entries[first].nr_taken++;
	return best;
}

static struct lock *take_wanted(struct lock_index *index, const struct wanted *wanted)
{
	const struct proc_lock *line = wanted->line;
	struct lock_index_entry key = {
		.dev = device(line->dev_major, line->dev_minor),
		.ino = line->ino,
		.start = line->start,
		.end = line->end,
		.kind = line->kind,
		.pid = shown_pid(line->kind, line->pid),
	};
	struct lock_index_entry *entry = take(index, &key, wanted);

	if (!entry && key.pid) {
		/* The source may not have known the pid. */
		key.pid = 0;
		entry = take(index, &key, wanted);
	}
	return entry ? entry->lock : NULL;
}

struct lock *lock_index_take(struct lock_index *index, const struct proc_lock *line, bool waited_for)
{
	const struct wanted wanted = { .line = line, .waited_for = waited_for };

	return take_wanted(index, &wanted);
}

struct lock *lock_index_take_shown(struct lock_index *index, const struct proc_lock *line,
				   const struct proc_lock *requests, size_t nr_requests)
{
	const struct wanted wanted = { .line = line, .requests = requests, .nr_requests = nr_requests };

	return take_wanted(index, &wanted);
}
