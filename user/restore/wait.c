// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "image/say.h"
#include "image/status.h"
#include "restore/wait.h"

#define NAP_MIN_MS 20
#define NAP_MAX_MS 1000

static sigset_t old_mask;

void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old_mask);
}

void unblock_signals(void)
{
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
}

/* Nothing is held in between, so that they may end it. Notices of leases that we had must not. */
static void sleep_ms(int64_t ms)
{
	struct timespec nap = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t mask = old_mask, all;

	sigaddset(&mask, SIGIO);
	for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
		sigaddset(&mask, signal);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	nanosleep(&nap, NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int try_until_taken(struct plan *plan, int (*attempt)(struct plan *plan, char why[WHY_MAX]))
{
	const struct options *options = plan->options;
	double limit = options->wait_seconds < 0 ? INFINITY : options->wait_seconds * 1000;
	int64_t start = now_ms(), nap = NAP_MIN_MS, left;
	char why[WHY_MAX] = "", said[WHY_MAX] = "";
	int status;

	for (;;) {
		status = attempt(plan, why);
		if (status != -EAGAIN || options->on_conflict != ON_CONFLICT_WAIT)
			break;
		if (now_ms() - start >= limit)
			break;
		if (options->verbose && strcmp(why, said)) {
			say_info("%s: waiting", why);
			memcpy(said, why, sizeof(said));
		}
		left = limit - (now_ms() - start) < nap ? limit - (now_ms() - start) : nap;
		sleep_ms(left > 0 ? left : 1);
		nap = nap < NAP_MAX_MS / 2 ? 2 * nap : NAP_MAX_MS;
	}
	if (status)
		say("%s%s", why,
		    status == -EAGAIN && options->on_conflict == ON_CONFLICT_FAIL
			    ? " (--on-conflict=wait waits for it, skip does without)"
			    : "");
	return status == -EAGAIN ? STATUS_IN_THE_WAY : status;
}
