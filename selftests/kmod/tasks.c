// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tasks.h"

static int keep_task(const struct crlock_task *task, const struct crlock_process_state *process, void *data)
{
	struct tasks *tasks = data;

	if (tasks->nr == TASKS_MAX || process->nr_timers > TIMERS_MAX)
		return -E2BIG;
	if (!tasks->nr) {
		tasks->state = *process;
		if (process->nr_timers)
			memcpy(tasks->timers, process->timers, process->nr_timers * sizeof(*process->timers));
		tasks->state.timers = tasks->timers;
	}
	tasks->tasks[tasks->nr++] = *task;
	return 0;
}

static void read_clocks(int64_t *times)
{
	for (clockid_t clock = 0; clock < 12; clock++)
		times[clock] = now_ns(clock);
}

int tasks_read(struct tasks *tasks, pid_t tgid)
{
	struct crlock *crlock;
	int err;

	tasks->nr = 0;
	tasks->text[0] = '\0';
	err = crlock_open(&crlock);
	if (err)
		return err;
	read_clocks(tasks->before);
	err = crlock_each_task(crlock, &tgid, 1, keep_task, tasks);
	read_clocks(tasks->after);
	snprintf(tasks->text, sizeof(tasks->text), "%s", crlock_error(crlock));
	crlock_close(crlock);
	return err;
}

const struct crlock_task *tasks_find(const struct tasks *tasks, pid_t tid)
{
	for (size_t i = 0; i < tasks->nr; i++)
		if (tasks->tasks[i].tid == tid)
			return &tasks->tasks[i];
	return NULL;
}

const struct crlock_timer *tasks_timer(const struct tasks *tasks, int id)
{
	for (size_t i = 0; i < tasks->state.nr_timers; i++)
		if (tasks->timers[i].id == id)
			return &tasks->timers[i];
	return NULL;
}

int64_t now_ns(clockid_t clock)
{
	struct timespec now = {};

	return clock_gettime(clock, &now) ? 0 : now.tv_sec * 1000000000LL + now.tv_nsec;
}

bool stop(pid_t tid)
{
	int status;

	return !ptrace(PTRACE_SEIZE, tid, 0, 0) && !ptrace(PTRACE_INTERRUPT, tid, 0, 0) &&
	       waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status);
}

void let_go(pid_t tid)
{
	ptrace(PTRACE_DETACH, tid, 0, 0);
}

static long call_of(pid_t tid)
{
	char name[32];
	long number = -1;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/syscall", tid);
	file = fopen(name, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/* The number is told only of a thread that sleeps. */
bool await_call(pid_t tid, long number)
{
	return until(call_of(tid) == number);
}
