// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks and waiters from /proc/locks, holders from fdinfo. Descriptors are read first: what /proc/locks says
 * after that is taken for the truth, and what fdinfo told of locks that are gone since is let go. Taken from
 * fdinfo are locks of processes that are not visible from here, which /proc/locks leaves out, and those that
 * it passes over while others are released: of these fdinfo is asked again. How a lease is being broken, and
 * which of the locks that look the same a request waits for, is told by fdinfo of kernels with the patches
 * of patches/, and else guessed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locks/append.h"
#include "locks/flags.h"
#include "locks/index.h"
#include "locks/source.h"
#include "locks/tables.h"

static const uint32_t kind_flags[] = {
	[CRLOCK_KIND_FLOCK] = FL_FLOCK,		  [CRLOCK_KIND_POSIX] = FL_POSIX,
	[CRLOCK_KIND_OFD] = FL_POSIX | FL_OFDLCK, [CRLOCK_KIND_LEASE] = FL_LEASE,
	[CRLOCK_KIND_DELEGATION] = FL_DELEG,
};

/* A lease that is to become a read lease is a write lease. One that is to go may be of either type. */
static void set_breaking(struct lock *lock)
{
	struct crlock_lock *row = &lock->row;

	lock->unknown |= LOCK_UNKNOWN_DEADLINE;
	if (row->target == F_RDLCK) {
		row->held = F_WRLCK;
		row->state |= CRLOCK_LOCK_DOWNGRADE_PENDING;
		row->fl_flags |= FL_DOWNGRADE_PENDING;
	} else {
		row->held = F_RDLCK;
		row->state |= CRLOCK_LOCK_UNLOCK_PENDING;
		row->fl_flags |= FL_UNLOCK_PENDING;
		lock->unknown |= LOCK_UNKNOWN_HELD;
	}
}

static void set_lock(struct lock *lock, const struct proc_lock *line)
{
	lock->unknown = LOCK_UNKNOWN_ID | LOCK_UNKNOWN_HOLDERS | LOCK_UNKNOWN_GENERATION |
			LOCK_UNKNOWN_FLAGS | LOCK_UNKNOWN_RANK;
	if (line->kind >= CRLOCK_KIND_LEASE)
		lock->unknown |= LOCK_UNKNOWN_NOTICE;
	lock->row = (struct crlock_lock){
		.ino = line->ino,
		.dev_major = line->dev_major,
		.dev_minor = line->dev_minor,
		.start = line->start,
		.end = line->end,
		.break_ms = CRLOCK_NO_DEADLINE,
		.downgrade_ms = CRLOCK_NO_DEADLINE,
		.fl_flags = kind_flags[line->kind],
		.pid = line->pid > 0 ? line->pid : 0,
		.kind = line->kind,
		.held = line->type,
		.target = line->type,
	};
	if (line->state == PROC_LOCK_BREAKING)
		set_breaking(lock);
}

static bool is_wanted(const struct lock_query *query, const struct proc_lock *line)
{
	const struct crlock_filter *filter = &query->filter;

	if (line->kind == PROC_LOCK_KIND_UNKNOWN || !line->has_inode)
		return false;
	if (filter->kinds && !(filter->kinds & 1U << line->kind))
		return false;
	return !filter->by_inode || (filter->dev_major == line->dev_major &&
				     filter->dev_minor == line->dev_minor && filter->ino == line->ino);
}

struct taking {
	struct lock_list *list;
	const struct lock_query *query;
	bool wanted; /* the lock that was told last */
	size_t strange; /* lines of kinds that are not known */
};

/* Takes in a line. What waits for a lock that is not wanted is not wanted. */
static int take_line(const struct proc_lock *line, void *data)
{
	struct taking *taking = data;
	struct lock_list *list = taking->list;
	struct lock *lock;

	if (line->depth) {
		if (!taking->wanted || !(taking->query->details & LOCK_DETAIL_WAITERS))
			return 0;
		return lock_take_waiter(&list->locks[list->nr - 1], line);
	}
	taking->strange += line->kind == PROC_LOCK_KIND_UNKNOWN;
	taking->wanted = is_wanted(taking->query, line);
	if (!taking->wanted)
		return 0;
	lock = lock_list_add(list);
	if (!lock)
		return -ENOMEM;
	set_lock(lock, line);
	return 0;
}

/* @strange: gets how many lines were not understood */
static int read_locks(struct lock_list *list, const struct lock_query *query, size_t *strange)
{
	struct taking taking = { .list = list, .query = query };
	struct proc_locks_told told;
	int err = proc_locks_each("/proc/locks", take_line, &taking, &told);

	*strange = told.strange + taking.strange;
	return err;
}

static struct lock_holders *copy_holders(const struct lock_description *description)
{
	struct lock_holders *holders = lock_holders_new(description->nr_holders);

	for (size_t i = 0; holders && i < description->nr_holders; i++) {
		const struct lock_descriptor *from = &description->holders[i];

		holders->rows[i].row = (struct crlock_holder){
			.tgid = from->tgid,
			.tid = from->tid,
			.fd = from->fd,
			.kind = CRLOCK_HOLDER_DESCRIPTOR,
			.flags = from->flags & O_CLOEXEC ? CRLOCK_HOLDER_CLOEXEC : 0,
		};
	}
	return holders;
}

static void set_description(struct lock *lock, const struct lock_description *description,
			    struct lock_holders *holders)
{
	/* There are no read leases on descriptions that write. */
	if (lock->unknown & LOCK_UNKNOWN_HELD && description->first.flags & O_ACCMODE) {
		lock->row.held = F_WRLCK;
		lock->unknown &= ~LOCK_UNKNOWN_HELD;
	}
	lock->mnt_id = description->mnt_id;
	lock_set_holders(lock, holders);
}

static int64_t deadline(int64_t ms)
{
	return ms == PROC_NO_DEADLINE ? CRLOCK_NO_DEADLINE : ms;
}

/* Unless the lease is no longer being broken like that. */
static void set_break(struct lock *lock, const struct proc_lock *line)
{
	const struct proc_break *told = &line->told;
	struct crlock_lock *row = &lock->row;

	if (!line->is_told || !(lock->unknown & LOCK_UNKNOWN_DEADLINE) || told->target != row->target)
		return;
	lock->unknown &= ~(LOCK_UNKNOWN_DEADLINE | LOCK_UNKNOWN_HELD);
	row->held = told->held;
	if (told->downgrade) {
		row->state |= CRLOCK_LOCK_DOWNGRADE_PENDING;
		row->fl_flags |= FL_DOWNGRADE_PENDING;
		row->downgrade_ms = deadline(told->downgrade_ms);
	}
	if (told->unlock)
		row->break_ms = deadline(told->unlock_ms);
}

/* fdinfo tells the process of a request for the lock of a description, too. */
static void set_askers(struct lock *lock, const struct proc_lock *requests, size_t nr)
{
	for (size_t i = 0; i < nr && i < lock->nr_waiters; i++) {
		struct lock_waiter *waiter = &lock->waiters[i];

		if (!waiter->pid && requests[i].pid > 0 && waiter->depth == requests[i].depth &&
		    waiter->type == requests[i].type && waiter->start == requests[i].start &&
		    waiter->end == requests[i].end)
			waiter->pid = requests[i].pid;
	}
}

/* A lock that fdinfo tells of, and /proc/locks did not. */
struct passed_over {
	const struct lock_description *description;
	size_t line; /* of its locks */
};

struct joining {
	struct lock_index index;
	const struct lock_query *query;
	struct passed_over *passed_over;
	size_t nr_passed_over;
};

/* Of what was noted of one description, from @first on, that stays which fdinfo still tells, and nothing excludes. */
static int ask_again(struct joining *joining, size_t first)
{
	struct proc_lock_list now;
	size_t kept = first;
	int err;

	if (first == joining->nr_passed_over)
		return 0;
	err = lock_tables_read_again(joining->passed_over[first].description, &now);
	for (size_t i = first; !err && i < joining->nr_passed_over; i++) {
		const struct passed_over *noted = &joining->passed_over[i];
		const struct proc_lock *line = &noted->description->locks[noted->line];

		if (now.nr && bsearch(line, now.lines, now.nr, sizeof(*line), proc_lock_compare) &&
		    !lock_index_conflicts(&joining->index, line))
			joining->passed_over[kept++] = *noted;
	}
	joining->nr_passed_over = kept;
	free(now.lines);
	return err;
}

/* Gives one description's locks their holders. */
static int join_description(struct joining *joining, const struct lock_description *description)
{
	struct lock_holders *holders = copy_holders(description);
	size_t first = joining->nr_passed_over, nr_requests;
	int err = 0;

	if (!holders)
		return -ENOMEM;
	for (size_t i = 0; !err && i < description->nr_locks; i += 1 + nr_requests) {
		const struct proc_lock *line = &description->locks[i], *requests = line + 1;
		const struct passed_over noted = { description, i };
		struct lock *lock;

		nr_requests = lock_requests_of(description, i);
		lock = lock_index_take_shown(&joining->index, line, requests, nr_requests);
		if (!lock) {
			if (is_wanted(joining->query, line))
				err = append(joining->passed_over, joining->nr_passed_over, noted);
			continue;
		}
		set_description(lock, description, holders);
		set_break(lock, line);
		set_askers(lock, requests, nr_requests);
	}
	lock_holders_put(holders);
	return err ?: ask_again(joining, first);
}

static int take_requests(struct lock *lock, const struct proc_lock *requests, size_t nr)
{
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++)
		err = lock_take_waiter(lock, &requests[i]);
	return err;
}

/* As fdinfo tells it. */
static int add_told(struct lock_list *list, const struct lock_query *query,
		    const struct lock_description *description, size_t line)
{
	struct lock *lock = lock_list_add(list);

	if (!lock)
		return -ENOMEM;
	set_lock(lock, &description->locks[line]);
	if (!(query->details & LOCK_DETAIL_WAITERS))
		return 0;
	return take_requests(lock, &description->locks[line + 1], lock_requests_of(description, line));
}

/* /proc/locks leaves out locks whose process is not visible from here, and what waits for them. */
static int add_hidden(struct lock_list *list, const struct lock_query *query,
		      const struct lock_tables *tables)
{
	int err = 0;

	for (size_t i = 0; !err && i < tables->nr; i++) {
		const struct lock_description *description = tables->descriptions[i];

		for (size_t j = 0; !err && j < description->nr_locks; j++) {
			const struct proc_lock *line = &description->locks[j];

			if (!line->depth && !line->pid && is_wanted(query, line))
				err = add_told(list, query, description, j);
		}
	}
	return err;
}

static int add_passed_over(struct lock_list *list, const struct lock_query *query,
			   const struct passed_over *passed_over)
{
	const struct lock_description *description = passed_over->description;
	struct lock_holders *holders = copy_holders(description);
	struct lock *lock;
	int err;

	if (!holders)
		return -ENOMEM;
	err = add_told(list, query, description, passed_over->line);
	if (!err) {
		lock = &list->locks[list->nr - 1];
		set_description(lock, description, holders);
		set_break(lock, &description->locks[passed_over->line]);
	}
	lock_holders_put(holders);
	return err;
}

static int join_holders(struct lock_list *list, const struct lock_query *query,
			const struct lock_tables *tables)
{
	struct joining joining = { .query = query };
	int err = lock_index_make(&joining.index, list);

	for (size_t i = 0; !err && i < tables->nr; i++)
		err = join_description(&joining, tables->descriptions[i]);
	lock_index_free(&joining.index);
	for (size_t i = 0; !err && i < joining.nr_passed_over; i++)
		err = add_passed_over(list, query, &joining.passed_over[i]);
	free(joining.passed_over);
	return err;
}

static bool is_named(const struct crlock_filter *filter, pid_t pid)
{
	for (size_t i = 0; i < filter->nr_tgids; i++) {
		if (filter->tgids[i] == pid)
			return true;
	}
	return false;
}

static bool held_by_named(const struct lock *lock, const void *data)
{
	const struct crlock_filter *filter = data;

	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (is_named(filter, lock->holders[i].row.tgid))
			return true;
	}
	return !lock->nr_holders && is_named(filter, lock->row.pid);
}

static void say(struct lock_report *report, const char *text)
{
	size_t len = strlen(report->lacking);

	snprintf(report->lacking + len, sizeof(report->lacking) - len, "%s%s", len ? "; " : "", text);
}

static void say_lacking(struct lock_report *report, const struct lock_tables *tables, size_t strange)
{
	if (tables->unreadable)
		say(report, "descriptors of other users' processes cannot be read (root can)");
	if (tables->cannot_compare)
		say(report, "without kcmp(2) holders by fork are not told");
	if (strange)
		say(report, "/proc/locks has locks of an unknown kind, left out");
}

int lock_read_proc(struct lock_list *list, const struct lock_query *query, struct lock_report *report)
{
	struct lock_tables tables = { 0 };
	size_t strange = 0;
	int err;

	list->source = LOCK_SOURCE_PROC;
	err = lock_tables_read(&tables);
	err = err ?: read_locks(list, query, &strange);
	err = err ?: add_hidden(list, query, &tables);
	err = err ?: join_holders(list, query, &tables);
	if (!err && query->filter.nr_tgids)
		lock_list_drop(list, held_by_named, &query->filter);
	if (err)
		snprintf(report->error, sizeof(report->error), "/proc: %s", strerror(-err));
	else
		say_lacking(report, &tables, strange);
	lock_tables_free(&tables);
	return err;
}
