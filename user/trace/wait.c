// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "trace/wait.h"

#define WAIT_MAX_MS 5000
#define YIELDS_MAX  64
#define NAP_MIN_NS  20000L
#define NAP_MAX_NS  5000000L

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int trace_wait(pid_t tid, int *status)
{
	struct timespec nap = { 0, NAP_MIN_NS };
	int64_t end = now_ms() + WAIT_MAX_MS;
	pid_t got;

	/*
	 * There is no waitpid() with a time limit. A thread that makes one system call is back before a nap
	 * would be over; nearly always the first naps are enough.
	 */
	for (int tries = 0;; tries++) {
		got = waitpid(tid, status, __WALL | WNOHANG);
		if (got == tid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (tries < YIELDS_MAX) {
			sched_yield();
			continue;
		}
		if (now_ms() > end)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MAX_NS)
			nap.tv_nsec *= 2;
	}
}

bool trace_is_event_stop(int status)
{
	return WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP;
}
