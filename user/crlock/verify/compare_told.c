// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines that few kernels have, behind that of a lock in fdinfo: how a lease is being broken, against the module; and
 * who waits for the lock, against the threads that wait. Where no line of a sort is seen, the kernel has none.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "crlock/verify/compare.h"
#include "procfs/order.h"

/* How far apart two readings of a deadline can be. What is told in another unit differs by more. */
#define SLACK_MS 5000

/* How a lease is being broken ------------------------------------------------------------------------- */

static bool is_breaking(const struct lock *lock)
{
	return lock->row.state & (CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING);
}

/* The line that a lease should have. */
static void break_of_lock(struct proc_break *told, const struct lock *lock, uint64_t nr)
{
	const struct crlock_lock *row = &lock->row;

	*told = (struct proc_break){
		.nr = nr,
		.held = row->held,
		.target = row->target,
		.downgrade = row->state & CRLOCK_LOCK_DOWNGRADE_PENDING,
		.unlock = row->state & CRLOCK_LOCK_UNLOCK_PENDING,
		.downgrade_ms = row->downgrade_ms,
		.unlock_ms = row->break_ms,
	};
}

static int64_t left(int64_t ms)
{
	return ms == CRLOCK_NO_DEADLINE ? PROC_NO_DEADLINE : ms < 0 ? 0 : ms;
}

/* Of a copy, which can be old, more time may be left. */
static bool same_time(bool live, bool pending, int64_t wanted, int64_t got)
{
	if (!pending)
		return true;
	wanted = left(wanted);
	if (wanted == PROC_NO_DEADLINE || got == PROC_NO_DEADLINE)
		return wanted == got;
	return got >= wanted - SLACK_MS && (!live || got <= wanted + SLACK_MS);
}

static bool same_break(bool live, const struct proc_break *wanted, const struct proc_break *got)
{
	return got->held == wanted->held && got->target == wanted->target &&
	       got->downgrade == wanted->downgrade && got->unlock == wanted->unlock &&
	       same_time(live, wanted->downgrade, wanted->downgrade_ms, got->downgrade_ms) &&
	       same_time(live, wanted->unlock, wanted->unlock_ms, got->unlock_ms);
}

bool tells_break(const struct shown *shown, const struct entry *told, const struct lock *lock)
{
	struct proc_break wanted;

	break_of_lock(&wanted, lock, 0);
	return told && told->line.is_told && same_break(shown->live, &wanted, &told->line.told);
}

static void format_time(struct lock_buffer *buffer, bool pending, const char *word, int64_t ms)
{
	if (!pending)
		return;
	if (left(ms) == PROC_NO_DEADLINE)
		lock_buffer_format(buffer, " %s never", word);
	else
		lock_buffer_format(buffer, " %s %" PRId64, word, left(ms));
}

static void tell_break(struct findings *findings, const struct place *place, const struct lock *lock,
		       uint64_t nr, const struct entry *got)
{
	struct lock_buffer buffer = { 0 };
	struct entry wanted = { .lock = lock };
	struct proc_break told;

	break_of_lock(&told, lock, nr);
	lock_buffer_format(&buffer, "lease:\t%" PRIu64 ": held %s target %s", nr, entry_type_word(told.held),
			   entry_type_word(told.target));
	format_time(&buffer, told.downgrade, "downgrade", told.downgrade_ms);
	format_time(&buffer, told.unlock, "unlock", told.unlock_ms);
	findings->failed |= buffer.failed;
	wanted.strange = buffer.text;
	findings_add(findings, RULE_FDINFO_BREAK, place, is_breaking(lock) ? &wanted : NULL, got);
	lock_buffer_free(&buffer);
}

static void compare_break(struct findings *findings, const struct shown *shown, const struct shown_fd *fd,
			  const struct place *place, const struct lock *lock, uint64_t nr)
{
	const struct entry *told = shown_break(shown, fd, nr);

	if (is_breaking(lock) ? !tells_break(shown, told, lock) : told != NULL)
		tell_break(findings, place, lock, nr, told);
}

/* Requests, and the lock that they are behind ----------------------------------------------------------- */

static void check_request(struct findings *findings, const struct place *place, const struct entry *above,
			  unsigned int depth, const struct entry *request)
{
	if (request->line.depth > depth + 1)
		findings_add(findings, RULE_BLOCKED_LEVEL, place, NULL, request);
	else if (!can_wait_for(&request->line, &above->line))
		findings_add(findings, RULE_BLOCKED_LOCK, place, NULL, request);
}

/* Of one lock. Returns: how many there are. */
static size_t check_requests(struct findings *findings, const struct shown *shown, const struct shown_fd *fd,
			     const struct place *place, const struct entry *lock)
{
	const struct entry *above[REQUEST_DEPTH_MAX] = { lock };
	unsigned int depth = 0;
	size_t nr = 0;

	for (size_t i = 0; i < fd->nr_requests; i++) {
		const struct entry *request = &shown->requests.entries[fd->first_request + i];

		if (!request->is_line || request->line.nr != lock->line.nr || !request->line.depth ||
		    request->line.depth >= REQUEST_DEPTH_MAX)
			continue;
		nr++;
		check_request(findings, place, above[request->line.depth - 1], depth, request);
		if (request->line.depth > depth + 1)
			continue;
		depth = request->line.depth;
		above[depth] = request;
	}
	return nr;
}

static void compare_requests(struct findings *findings, const struct shown *shown, const struct shown_fd *fd,
			     const struct place *place, const struct lock *lock, const struct entry *line)
{
	bool waits = check_requests(findings, shown, fd, place, line);
	struct entry wanted;

	if (waits == !!(lock->row.state & CRLOCK_LOCK_WAITERS))
		return;
	entry_of_lock(&wanted, lock);
	findings_add(findings, waits ? RULE_BLOCKED_EXTRA : RULE_BLOCKED_MISSING, place, &wanted, line);
}

void compare_told(struct findings *findings, const struct shown *shown, const struct shown_fd *fd,
		  const struct place *place, const struct entry *wanted)
{
	for (size_t i = 0; i < fd->nr; i++) {
		const struct entry *line = &shown->fdinfo.entries[fd->first + i];

		if (shown->told.nr)
			compare_break(findings, shown, fd, place, wanted[i].lock, line->line.nr);
		if (shown->requests.nr)
			compare_requests(findings, shown, fd, place, wanted[i].lock, line);
	}
}

/* How many requests a lock has, there and in /proc/locks ------------------------------------------------ */

struct counted {
	struct proc_lock line;
	size_t nr;
};

static int compare_counted(const void *x, const void *y)
{
	return entry_order(&((const struct counted *)x)->line, &((const struct counted *)y)->line);
}

static size_t count_in_locks(const struct shown *shown, struct counted *counted)
{
	size_t nr = 0;

	for (size_t i = 0; i < shown->locks.nr; i++) {
		const struct entry *entry = &shown->locks.entries[i];

		if (!entry->is_line)
			continue;
		if (!entry->line.depth)
			counted[nr++] = (struct counted){ entry->line, 0 };
		else if (nr)
			counted[nr - 1].nr++;
	}
	if (nr)
		qsort(counted, nr, sizeof(*counted), compare_counted);
	return nr;
}

static size_t count_in_fdinfo(const struct shown *shown, const struct shown_fd *fd, uint64_t number)
{
	size_t nr = 0;

	for (size_t i = 0; i < fd->nr_requests; i++)
		nr += shown->requests.entries[fd->first_request + i].line.nr == number;
	return nr;
}

/* Of locks that look alike, any can be the one. One that is not shown, to this pid namespace, is not known. */
static void check_count(struct findings *findings, const struct place *place, const struct entry *line,
			size_t nr, const struct counted *counted, size_t nr_counted)
{
	const struct counted key = { .line = line->line };
	const struct counted *first =
		nr_counted ? bsearch(&key, counted, nr_counted, sizeof(key), compare_counted) : NULL;
	bool fewer = true;

	if (!first)
		return;
	while (first > counted && !compare_counted(first - 1, &key))
		first--;
	for (; first < counted + nr_counted && !compare_counted(first, &key); first++) {
		if (first->nr == nr)
			return;
		fewer &= nr < first->nr;
	}
	findings_add(findings, fewer ? RULE_BLOCKED_MISSING : RULE_BLOCKED_EXTRA, place, NULL, line);
}

static void compare_counts(struct findings *findings, const struct shown *shown)
{
	struct counted *counted = calloc(shown->locks.nr + 1, sizeof(*counted));
	size_t nr = counted ? count_in_locks(shown, counted) : 0;

	findings->failed |= !counted;
	for (size_t i = 0; i < shown->nr_fds; i++) {
		const struct shown_fd *fd = &shown->fds[i];
		const struct place place = { fd->tgid, fd->tid, fd->fd };

		for (size_t j = 0; j < fd->nr; j++) {
			const struct entry *line = &shown->fdinfo.entries[fd->first + j];

			if (line->is_line)
				check_count(findings, &place, line, count_in_fdinfo(shown, fd, line->line.nr),
					    counted, nr);
		}
	}
	free(counted);
}

/* Requests, and the threads that wait ------------------------------------------------------------------- */

/* Lines by process, each with the descriptor that it is of. */
struct request {
	const struct entry *entry;
	const struct shown_fd *fd;
	bool known; /* there is such a thread */
};

static int compare_pids(const void *x, const void *y)
{
	const struct request *a = x, *b = y;

	return (a->entry->line.pid > b->entry->line.pid) - (a->entry->line.pid < b->entry->line.pid);
}

static size_t sorted_requests(const struct shown *shown, struct request *requests)
{
	size_t nr = 0;

	for (size_t i = 0; i < shown->nr_fds; i++) {
		const struct shown_fd *fd = &shown->fds[i];

		for (size_t j = 0; j < fd->nr_requests; j++)
			requests[nr++] = (struct request){ &shown->requests.entries[fd->first_request + j],
							   fd, false };
	}
	if (nr)
		qsort(requests, nr, sizeof(*requests), compare_pids);
	return nr;
}

/* Marks all lines of a thread's request. Returns: whether there are any. */
static bool mark(struct request *requests, size_t nr, const struct task *task)
{
	struct entry wanted = task->wanted;
	size_t first = FIRST_NOT(i, nr, requests[i].entry->line.pid < task->tgid);
	bool any = false;

	wanted.line.pid = task->tgid;
	for (size_t i = first; i < nr && requests[i].entry->line.pid == task->tgid; i++) {
		if (requests[i].entry->is_line && !entry_differs(&wanted, requests[i].entry)) {
			requests[i].known = true;
			any = true;
		}
	}
	return any;
}

static bool has_descriptor(const struct lock *lock)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (holder->kind == CRLOCK_HOLDER_DESCRIPTOR && holder->tid)
			return true;
	}
	return false;
}

/* Of what no descriptor holds, there is no fdinfo to tell who waits for it. An open does not say for what it waits. */
static bool must_be_told(const struct lock_list *list, const struct task *task)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct lock *lock = &list->locks[i];

		if ((lock->row.state & CRLOCK_LOCK_WAITERS) && !has_descriptor(lock) &&
		    (task->fd < 0 || lock->row.ino == task->wanted.line.ino))
			return false;
	}
	return !task->remote;
}

static void tell_left_out(struct findings *findings, const struct task *task)
{
	const struct place place = { task->tgid, task->tid, -1 };
	struct entry wanted = task->wanted;

	wanted.line.pid = task->tgid;
	findings_add(findings, RULE_BLOCKED_MISSING, &place, &wanted, NULL);
}

static void tell_unknown(struct findings *findings, const struct tasks *tasks, const struct request *request)
{
	const struct place place = { request->fd->tgid, request->fd->tid, request->fd->fd };
	const struct entry *entry = request->entry;

	if (entry->strange)
		findings_add(findings, RULE_BLOCKED_FORM, &place, NULL, entry);
	/* What a server queues for others has no thread that sleeps; who is not visible has no number. */
	if (entry->is_line && !request->known && !tasks->hidden && !tasks->lockd && entry->line.pid)
		findings_add(findings, RULE_BLOCKED_EXTRA, &place, NULL, entry);
}

void compare_requesters(struct findings *findings, const struct lock_list *list, const struct shown *shown,
			const struct tasks *tasks)
{
	struct request *requests;
	size_t nr;

	if (!shown->requests.nr)
		return;
	requests = calloc(shown->requests.nr, sizeof(*requests));
	if (!requests) {
		findings->failed = true;
		return;
	}
	nr = sorted_requests(shown, requests);
	for (size_t i = 0; i < tasks->nr; i++) {
		if (!mark(requests, nr, &tasks->tasks[i]) && must_be_told(list, &tasks->tasks[i]))
			tell_left_out(findings, &tasks->tasks[i]);
	}
	for (size_t i = 0; i < nr; i++)
		tell_unknown(findings, tasks, &requests[i]);
	free(requests);
	compare_counts(findings, shown);
}

/* What need not be counted as a limit ------------------------------------------------------------------- */

static int compare_lines(const void *x, const void *y)
{
	return entry_order(x, y);
}

size_t told_requests(const struct shown *shown, struct proc_lock **lines)
{
	size_t nr = 0;

	*lines = calloc(shown->requests.nr + 1, sizeof(**lines));
	for (size_t i = 0; *lines && i < shown->requests.nr; i++) {
		const struct entry *entry = &shown->requests.entries[i];

		if (!entry->is_line || entry->line.pid <= 0)
			continue;
		(*lines)[nr] = entry->line;
		if (entry->line.kind == CRLOCK_KIND_OFD)
			(*lines)[nr].pid = -1;
		nr++;
	}
	if (nr)
		qsort(*lines, nr, sizeof(**lines), compare_lines);
	return nr;
}

bool tells_request(const struct proc_lock *lines, size_t nr, const struct entry *request)
{
	return nr && bsearch(&request->line, lines, nr, sizeof(*lines), compare_lines);
}
