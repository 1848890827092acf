// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump/facts.h"
#include "image/say.h"

struct reading {
	struct dump *dump;
	struct dump_process *process; /* of the row before */
	size_t next; /* thread, which most likely comes next */
	size_t nr; /* threads that were told */
};

static int take_state(struct dump_process *process, const struct crlock_process_state *state)
{
	process->state = *state;
	process->timers = calloc(state->nr_timers + 1, sizeof(*process->timers));
	if (!process->timers)
		return -ENOMEM;
	if (state->nr_timers)
		memcpy(process->timers, state->timers, state->nr_timers * sizeof(*process->timers));
	process->state.timers = process->timers;
	return 0;
}

static struct dump_thread *next_thread(struct reading *reading, pid_t tid)
{
	struct dump_process *process = reading->process;
	struct dump_thread *thread;

	if (reading->next < process->nr_threads && process->threads[reading->next].tid == tid)
		return &process->threads[reading->next++];
	thread = dump_thread_of(process, tid);
	if (thread)
		reading->next = thread - process->threads + 1;
	return thread;
}

static int take_task(const struct crlock_task *task, const struct crlock_process_state *state, void *data)
{
	struct reading *reading = data;
	struct dump_thread *thread;
	int ret = 0;

	if (!reading->process || reading->process->pid != task->tgid) {
		reading->process = dump_process_of(reading->dump, task->tgid);
		reading->next = 0;
		if (!reading->process)
			return 0;
		ret = take_state(reading->process, state);
	}
	/* A worker of io_uring has a row, and is none of those that can be stopped. */
	thread = ret ? NULL : next_thread(reading, task->tid);
	if (thread) {
		thread->task = *task;
		reading->nr++;
	} else if (!ret && task->flags & CRLOCK_TASK_WORKER) {
		block(&reading->dump->blockers, "%d: thread %d is a worker of io_uring or vhost", task->tgid,
		      task->tid);
	}
	return ret;
}

static size_t count_threads(const struct dump *dump)
{
	size_t nr = 0;

	for (size_t i = 0; i < dump->nr; i++)
		nr += dump->processes[i].nr_threads;
	return nr;
}

static int read_some(struct reading *reading, const pid_t *tgids, size_t nr)
{
	struct dump *dump = reading->dump;
	int ret = crlock_each_task(dump->module, tgids, nr, take_task, reading);

	if (ret)
		say("module crlock: %s",
		    *crlock_error(dump->module) ? crlock_error(dump->module) : strerror(-ret));
	return ret;
}

/* So many processes fit in one question for sure. */
#define AT_ONCE 64

int facts_read_module(struct dump *dump)
{
	struct reading reading = { .dump = dump };
	pid_t tgids[AT_ONCE];
	size_t nr = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < dump->nr; i++) {
		if (!dump->processes[i].zombie)
			tgids[nr++] = dump->processes[i].pid;
		if (nr == AT_ONCE || (nr && i + 1 == dump->nr)) {
			ret = read_some(&reading, tgids, nr);
			nr = 0;
		}
	}
	if (!ret && reading.nr < count_threads(dump))
		ret = dump_fail(-ESRCH, dump->processes[0].pid, "a thread was killed");
	return ret;
}
