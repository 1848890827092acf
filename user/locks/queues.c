// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "locks/append.h"
#include "locks/askers.h"
#include "locks/queues.h"
#include "procfs/call.h"
#include "procfs/locks.h"
#include "procfs/process.h"

/* The struct ------------------------------------------------------------------------------------------ */

void lock_queues_free(struct lock_queues *queues)
{
	for (size_t i = 0; i < queues->nr; i++)
		free(queues->queues[i].tids);
	free(queues->queues);
	*queues = (struct lock_queues){ 0 };
}

struct lock_queue *lock_queues_add(struct lock_queues *queues)
{
	const struct lock_queue empty = { 0 };

	return append(queues->queues, queues->nr, empty) ? NULL : &queues->queues[queues->nr - 1];
}

int lock_queue_add(struct lock_queue *queue, pid_t tid)
{
	return append(queue->tids, queue->nr, tid);
}

static void keep_some(struct lock_queue *queue, bool (*keep)(pid_t tid))
{
	size_t nr = 0;

	for (size_t i = 0; i < queue->nr; i++) {
		if (keep(queue->tids[i]))
			queue->tids[nr++] = queue->tids[i];
	}
	queue->nr = nr;
}

void lock_queues_keep(struct lock_queues *queues, bool (*keep)(pid_t tid))
{
	size_t nr = 0;

	for (size_t i = 0; i < queues->nr; i++) {
		struct lock_queue queue = queues->queues[i];

		keep_some(&queue, keep);
		/* Nobody is before or behind one alone. */
		if (queue.nr < 2)
			free(queue.tids);
		else
			queues->queues[nr++] = queue;
	}
	queues->nr = nr;
}

/* Reading --------------------------------------------------------------------------------------------- */

/* While others release locks: a request that is passed over each time is one of another moment. */
#define TRIES 5

/* Lines of /proc/locks of requests, with those for one lock together. */
struct requests {
	struct proc_lock *rows;
	size_t nr;
	uint32_t kinds; /* that there are */
	bool at_once; /* no lock was passed over */
	bool contested; /* there is a lock that several wait for */
};

static bool is_request(const struct proc_lock *line)
{
	return line->depth && (line->kind == CRLOCK_KIND_FLOCK || line->kind == CRLOCK_KIND_POSIX ||
			       line->kind == CRLOCK_KIND_OFD);
}

/* What waits for a lock has the lock's number. */
static bool is_of_same_lock(const struct proc_lock *a, const struct proc_lock *b)
{
	return a->nr == b->nr;
}

static int take_request(const struct proc_lock *line, void *data)
{
	struct requests *requests = data;

	if (!is_request(line))
		return 0;
	requests->kinds |= 1U << line->kind;
	if (requests->nr && is_of_same_lock(line, &requests->rows[requests->nr - 1]))
		requests->contested = true;
	return append(requests->rows, requests->nr, *line);
}

static bool may_ask(const struct lock_asker *asker, const struct proc_lock *request)
{
	return asker->tid && asker->kind == request->kind && asker->type == request->type &&
	       asker->ino == request->ino && asker->dev_major == request->dev_major &&
	       asker->dev_minor == request->dev_minor && (request->pid <= 0 || request->pid == asker->tgid);
}

static bool is_better(const struct lock_asker *asker, const struct lock_asker *best,
		      const struct proc_lock *request)
{
	bool exact = asker->ranged && asker->start == request->start && asker->end == request->end;
	bool best_is = best && best->ranged && best->start == request->start && best->end == request->end;

	if (!best || exact != best_is)
		return !best || exact;
	return asker->since < best->since;
}

/* Each thread has one request. Returns: the thread, 0: it is of another process. */
static pid_t take_asker(struct lock_askers *askers, const struct proc_lock *request)
{
	struct lock_asker *best = NULL;
	pid_t tid;

	for (size_t i = 0; i < askers->nr; i++) {
		struct lock_asker *asker = &askers->rows[i];

		if (may_ask(asker, request) && is_better(asker, best, request))
			best = asker;
	}
	if (!best)
		return 0;
	tid = best->tid;
	best->tid = 0;
	return tid;
}

static int make_queue(struct lock_queues *queues, struct lock_askers *askers,
		      const struct proc_lock *requests, size_t nr)
{
	struct lock_queue *queue = lock_queues_add(queues);
	int err = queue ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < nr; i++) {
		pid_t tid = take_asker(askers, &requests[i]);

		if (tid)
			err = lock_queue_add(queue, tid);
	}
	if (!err && queue->nr < 2)
		free(queues->queues[--queues->nr].tids);
	return err;
}

static int make_queues(struct lock_queues *queues, struct lock_askers *askers,
		       const struct requests *requests)
{
	size_t first = 0;
	int err = 0;

	for (size_t i = 1; !err && i <= requests->nr; i++) {
		if (i < requests->nr && is_of_same_lock(&requests->rows[first], &requests->rows[i]))
			continue;
		err = make_queue(queues, askers, &requests->rows[first], i - first);
		first = i;
	}
	return err;
}

/* Of all that any may wait for, if some request may have been passed over. */
static int read_askers(struct lock_askers *askers, pid_t root, const struct requests *requests)
{
	const uint32_t all = 1U << CRLOCK_KIND_FLOCK | 1U << CRLOCK_KIND_POSIX | 1U << CRLOCK_KIND_OFD;
	struct proc_pids pids = { 0 };
	int err = proc_pids_tree(&pids, root);

	err = err ?: lock_askers_read(askers, &pids, requests->at_once ? requests->kinds : all);
	proc_pids_free(&pids);
	return err;
}

/* Whether a process is the only thread of its tree. What cannot be read may not be. */
static bool is_alone(pid_t root)
{
	struct proc_pids pids = { 0 }, threads = { 0 };
	int dir = proc_open(root);
	bool alone = dir >= 0 && !proc_pids_threads(&threads, dir) && threads.nr == 1 &&
		     !proc_pids_tree(&pids, root) && pids.nr == 1;

	if (dir >= 0)
		close(dir);
	proc_pids_free(&threads);
	proc_pids_free(&pids);
	return alone;
}

static bool is_any_left(const struct lock_askers *askers)
{
	for (size_t i = 0; i < askers->nr; i++) {
		if (askers->rows[i].tid)
			return true;
	}
	return false;
}

/* Returns: 0, -EAGAIN if somebody's request may have been passed over, or another errno value. */
static int read_once(struct lock_queues *queues, pid_t root)
{
	struct requests requests = { 0 };
	struct lock_askers askers = { 0 };
	struct proc_locks_told told;
	int err = proc_locks_each("/proc/locks", take_request, &requests, &told);

	requests.at_once = told.at_once;
	/* Mostly there is none, and that is all that is to be read. */
	if (!err && (requests.contested || !requests.at_once)) {
		err = read_askers(&askers, root, &requests);
		err = err ?: make_queues(queues, &askers, &requests);
		if (!err && !requests.at_once && is_any_left(&askers))
			err = -EAGAIN;
	}
	lock_askers_free(&askers);
	free(requests.rows);
	return err;
}

int lock_queues_read(struct lock_queues *queues, pid_t root)
{
	int err;

	/* One alone is before nobody, and to open /proc/locks takes as long as much of a dump. */
	if (is_alone(root))
		return 0;
	for (int tries = 0; tries < TRIES; tries++) {
		lock_queues_free(queues);
		err = read_once(queues, root);
		if (err != -EAGAIN)
			return err;
	}
	return 0;
}

/* Letting go ------------------------------------------------------------------------------------------ */

#define PATIENCE_MS 10000
#define NAP_NS	    200000

enum progress {
	RUNS_YET,
	WAITS,
	IS_PAST, /* it waits for something else, is stopped, or has ended */
};

static enum progress look(pid_t tid)
{
	struct proc_stat stat = { .state = 'X' };
	struct proc_call call;
	int dir = proc_open(tid), err;

	if (dir < 0)
		return IS_PAST;
	err = proc_call_read(dir, &call);
	if (proc_stat_read(dir, &stat) || strchr("ZXxT", stat.state)) {
		close(dir);
		return IS_PAST;
	}
	close(dir);
	if (err || stat.state != 'S')
		return RUNS_YET;
	return lock_is_asking(call.nr) ? WAITS : IS_PAST;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Returns: whether it waits, or will not any more. */
static bool await(pid_t tid, int64_t until)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	enum progress progress;

	while ((progress = look(tid)) == RUNS_YET && now_ms() < until)
		nanosleep(&nap, NULL);
	return progress != RUNS_YET;
}

size_t lock_queues_let_go(const struct lock_queues *queues, bool (*let_go)(pid_t tid, void *data), void *data)
{
	int64_t until = now_ms() + PATIENCE_MS;
	size_t unseen = 0;

	for (size_t i = 0; i < queues->nr; i++) {
		const struct lock_queue *queue = &queues->queues[i];

		for (size_t j = 0; j < queue->nr; j++) {
			if (let_go(queue->tids[j], data) && !await(queue->tids[j], until))
				unseen++;
		}
	}
	return unseen;
}
