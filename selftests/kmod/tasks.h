/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module tells of threads, kept to be looked at; and stopping them for that.
 */
#ifndef KMOD_TASKS_H
#define KMOD_TASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <crlock.h>

#define TASKS_MAX  256
#define TIMERS_MAX 8192

/* An answer to CRLOCK_CMD_TASK_GET about one process. */
struct tasks {
	struct crlock_process_state state; /* its timers are those below */
	struct crlock_timer timers[TIMERS_MAX];
	struct crlock_task tasks[TASKS_MAX];
	size_t nr;
	int64_t before[12], after[12]; /* nanoseconds of clocks, when it was asked and when it was told */
	char text[256]; /* of an error */
};

/**
 * tasks_read - Asks for the threads of a process.
 *
 * Returns: 0 or the error, -E2BIG if there are more than fit.
 */
int tasks_read(struct tasks *tasks, pid_t tgid);

/** tasks_find - A thread. Returns: NULL if it was not told. */
const struct crlock_task *tasks_find(const struct tasks *tasks, pid_t tid);

/** tasks_timer - A timer by its id. Returns: NULL if it was not told. */
const struct crlock_timer *tasks_timer(const struct tasks *tasks, int id);

/** now_ns - The time of a clock; 0 if there is none. */
int64_t now_ns(clockid_t clock);

/** stop - Stops a thread by ptrace. Returns: whether it is stopped. */
bool stop(pid_t tid);

/** let_go - Lets it go on. */
void let_go(pid_t tid);

/** await_call - Waits until a thread sleeps in a system call. Returns: whether it does. */
bool await_call(pid_t tid, long number);

/* Bits of a mask of signals. */
#define BIT_OF(signal) (1ULL << ((signal)-1))

#endif
