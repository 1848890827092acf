// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/say.h"
#include "image/status.h"
#include "restore/guard.h"
#include "restore/take.h"
#include "restore/target.h"

enum word {
	UNDO,
	LEAVE,
};

static pid_t guard; /* 0: there is none */
static int telling; /* the end of a pipe for one word */

/* The call in which it was when this process was killed may be about to take a lock. */
static int stop(struct target *target, char why[WHY_MAX])
{
	pid_t tid;
	int err = target_stop(target, why);

	if (err)
		return err;
	tid = target->stopped.processes[0].threads[0].tid;
	err = trace_fall_through(target->pid, tid, target->fall);
	if (err)
		snprintf(why, WHY_MAX, "%d: %s", tid, strerror(-err));
	return err;
}

static void undo(struct plan *plan)
{
	char why[WHY_MAX];

	for (size_t i = 0; i < plan->nr_targets; i++) {
		struct target *target = &plan->targets[i];

		if (plan_has_taken(plan, target) && !target_is_gone(target) && stop(target, why))
			say("%s", why);
	}
	release_locks(plan);
	targets_close(plan);
}

/* Returns: what it is told to do. At its death the other process closes the pipe first, and then traces nobody. */
static enum word await_word(int parent, int told)
{
	struct pollfd ends[] = { { .fd = told, .events = POLLIN }, { .fd = parent, .events = POLLIN } };
	ssize_t got;
	char word;

	for (;;) {
		if (poll(ends, 2, -1) < 1)
			continue;
		got = ends[0].revents & POLLIN ? read(told, &word, 1) : 0;
		if (got == 1)
			return word;
		/* If it could not be read, it is still to be: who told it waits for this process. */
		if (ends[0].revents && !got)
			ends[0].fd = -1;
		if (ends[1].revents)
			return UNDO;
	}
}

/* What is sent to its group is not for this process, and all signals are blocked. */
static void __attribute__((noreturn)) stand_guard(struct plan *plan, int parent, int told)
{
	setsid();
	prctl(PR_SET_NAME, "crrestore-guard");
	if (await_word(parent, told) == UNDO)
		undo(plan);
	_exit(0);
}

/* Returns: the pid or a negative errno value. */
static pid_t make(struct plan *plan, int parent, int ends[2])
{
	pid_t pid;

	if (parent < 0 || pipe2(ends, O_CLOEXEC))
		return -errno;
	/* Its memory is a copy, but for the locks: this process may be killed while it changes its heap. */
	pid = fork();
	if (!pid) {
		close(ends[1]);
		stand_guard(plan, parent, ends[0]);
	}
	close(ends[0]);
	if (pid > 0)
		return pid;
	close(ends[1]);
	return -errno;
}

int guard_start(struct plan *plan, char why[WHY_MAX])
{
	int parent = pidfd_open(getpid(), 0), ends[2] = { -1, -1 };
	pid_t pid = make(plan, parent, ends);

	if (parent >= 0)
		close(parent);
	if (pid < 0) {
		snprintf(why, WHY_MAX, "no process can be made that would release locks again: %s",
			 strerror(-pid));
		return STATUS_IN_THE_WAY;
	}
	guard = pid;
	telling = ends[1];
	plan->guarded = true;
	return 0;
}

/* Returns: whether it hears of it. */
static bool tell(char word)
{
	return write(telling, &word, 1) == 1;
}

static void await(void)
{
	while (waitpid(guard, NULL, 0) < 0 && errno == EINTR)
		;
	close(telling);
	guard = 0;
}

void guard_leave(void)
{
	if (guard && (tell(LEAVE) || !kill(guard, SIGKILL)))
		await();
	guard = 0;
}

void guard_end(struct plan *plan)
{
	if (!plan_has_taken(plan, NULL))
		guard_leave();
	/* If it does not hear of it, it begins when this process has ended. */
	else if (guard && tell(UNDO))
		await();
}
