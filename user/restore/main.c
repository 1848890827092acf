// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crrestore - takes the file locks of a checkpoint again.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image/status.h"
#include "locks/format.h"
#include "restore/open.h"
#include "restore/options.h"
#include "restore/plan.h"
#include "restore/say.h"
#include "restore/take.h"
#include "restore/target.h"

#define NAP_MIN_MS 20
#define NAP_MAX_MS 1000

static sigset_t old_mask;

/* Signals that would end the program wait while processes are stopped or locks are half taken. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old_mask);
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

/* Returns: 0, -EAGAIN, or the exit status; then all is as it was. */
static int attempt(struct plan *plan, char why[WHY_MAX])
{
	bool here = plan->options->command;
	int status;

	for (size_t i = 0; i < plan->nr_files; i++)
		plan->files[i].skipped = false;
	status = here ? files_open(plan, why) : targets_open(plan, why);
	status = status ?: take_locks(plan, why);
	if (!here)
		targets_close(plan);
	else if (status)
		files_close(plan);
	return status;
}

/* Returns: 0 or the exit status. */
static int restore(struct plan *plan)
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
		if (options->verbose && strcmp(why, said))
			say("%s: waiting", strcpy(said, why));
		left = limit - (now_ms() - start) < nap ? limit - (now_ms() - start) : nap;
		sleep_ms(left > 0 ? left : 1);
		nap = nap < NAP_MAX_MS / 2 ? 2 * nap : NAP_MAX_MS;
	}
	if (status)
		say("%s", why);
	return status == -EAGAIN ? STATUS_IN_THE_WAY : status;
}

static void tell_lock(const struct planned_lock *lock)
{
	static const char *const progress[] = {
		[LOCK_TO_DO] = "not taken",
		[LOCK_TAKEN] = "taken",
		[LOCK_WAS_THERE] = "was there already",
		[LOCK_SKIPPED] = "skipped",
	};
	struct lock_buffer state = { 0 };

	lock_format_state(&state, lock->lock);
	if (lock_is_range(lock->lock->row.kind)) {
		lock_buffer_add(&state, " ");
		lock_format_offset(&state, lock->lock->row.start);
		lock_buffer_add(&state, "-");
		lock_format_offset(&state, lock->lock->row.end);
	}
	say("%s: %s %s: %s by %d with descriptor %d", lock->file->file->path,
	    lock_kind_name(lock->lock->row.kind), lock_buffer_text(&state), progress[lock->progress],
	    lock->by->target->pid, lock->by->fd);
	lock_buffer_free(&state);
}

/* Returns: the exit status, which says whether something was left out. */
static int tell(const struct plan *plan)
{
	size_t skipped = 0;

	for (size_t i = 0; i < plan->nr_locks; i++) {
		if (plan->locks[i].progress == LOCK_SKIPPED)
			skipped++;
		if (plan->options->verbose)
			tell_lock(&plan->locks[i]);
	}
	if (plan->options->verbose || skipped)
		say("%zu locks restored, %zu skipped", plan->nr_locks - skipped, skipped);
	return skipped ? STATUS_IN_THE_WAY : STATUS_OK;
}

/* The locks stay with this process, and so with what it becomes. */
static int run(char **command)
{
	int err;

	files_restore_limit();
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	execvp(command[0], command);
	err = errno;
	say("%s: %s", command[0], strerror(err));
	return err == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
}

static int restore_checkpoint(const struct options *options, const struct checkpoint *checkpoint)
{
	char why[WHY_MAX] = "";
	struct plan plan;
	int status = plan_make(&plan, checkpoint, options, why);

	if (status)
		say("%s", why);
	if (!status) {
		files_raise_limit();
		block_signals();
		status = restore(&plan);
	}
	if (!status) {
		status = tell(&plan);
		if (options->command)
			status = run(options->command);
	}
	plan_free(&plan);
	return status;
}

int main(int argc, char **argv)
{
	struct checkpoint checkpoint = { 0 };
	struct options options;
	char why[WHY_MAX] = "";
	int status, err;

	setlocale(LC_CTYPE, "");
	status = options_read(&options, argc, argv);
	if (status == OPTIONS_DONE) {
		err = checkpoint_read(&checkpoint, options.dir, why, sizeof(why));
		if (err)
			say("%s", *why ? why : strerror(-err));
		status = err ? STATUS_IMAGE : restore_checkpoint(&options, &checkpoint);
		checkpoint_free(&checkpoint);
	}
	options_free(&options);
	return status;
}
