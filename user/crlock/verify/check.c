// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text is read between two readings of the module, again and again. A difference counts if it is there
 * against both, for the same lock, each time: what only changes is seen once or twice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "crlock/verify/compare.h"
#include "crlock/verify/verify.h"

struct round {
	struct lock_list before, after;
	struct shown shown;
	struct tasks tasks;
};

static int fail(char error[LOCK_TEXT_MAX], const char *what, int err)
{
	snprintf(error, LOCK_TEXT_MAX, "%s: %s", what,
		 err == -E2BIG ? "more lines than can be compared" : strerror(-err));
	return err;
}

static int read_module(struct lock_list *list, struct verify_result *result, char error[LOCK_TEXT_MAX])
{
	static const struct lock_query everything = { 0 };
	struct lock_report report;
	int err = lock_list_read(list, &everything, LOCK_FROM_KMOD, &report);

	if (err)
		snprintf(error, LOCK_TEXT_MAX, "%s", report.error);
	if (*report.lacking)
		snprintf(result->lacking, sizeof(result->lacking), "%s", report.lacking);
	return err;
}

static void compare_with(struct findings *findings, const struct lock_list *list, struct round *round)
{
	compare_locks(findings, list, &round->shown);
	compare_fdinfo(findings, list, &round->shown);
	compare_waiters(findings, list, &round->shown, &round->tasks);
}

static void compare(struct findings *candidates, bool first, struct round *round)
{
	struct findings findings = { 0 };

	if (first)
		compare_with(candidates, &round->before, round);
	compare_with(&findings, first ? &round->after : &round->before, round);
	findings_keep(candidates, &findings);
	findings_free(&findings);
	if (first)
		return;
	compare_with(&findings, &round->after, round);
	findings_keep(candidates, &findings);
	findings_free(&findings);
}

/* What changes in step with the readings would be taken for what stays. */
static void wait_a_little(void)
{
	uint16_t random = 0;
	struct timespec time = { 0 };

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	time.tv_nsec = random * 64L; /* up to 4 ms */
	nanosleep(&time, NULL);
}

static int compare_pids(const void *x, const void *y)
{
	const pid_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Returns: of each request the process that it is said to be of, in order, to be freed. */
static pid_t *pids_of_requests(const struct shown *shown, size_t *nr)
{
	pid_t *pids = calloc(shown->locks.nr + 1, sizeof(*pids));

	*nr = 0;
	for (size_t i = 0; pids && i < shown->locks.nr; i++) {
		const struct entry *entry = &shown->locks.entries[i];

		if (entry->is_line && entry->line.depth && entry->line.pid > 0)
			pids[(*nr)++] = entry->line.pid;
	}
	if (*nr)
		qsort(pids, *nr, sizeof(*pids), compare_pids);
	return pids;
}

/* Processes of which fewer threads were seen to wait than there are requests. Tasks are in the same order. */
static int look_again(struct round *round)
{
	struct tasks *tasks = &round->tasks;
	size_t nr, nr_tasks = tasks->nr, at = 0;
	pid_t *pids = pids_of_requests(&round->shown, &nr);
	int err = pids ? 0 : -ENOMEM;

	for (size_t i = 0, requests, seen; !err && i < nr; i += requests) {
		requests = 1;
		while (i + requests < nr && pids[i + requests] == pids[i])
			requests++;
		while (at < nr_tasks && tasks->tasks[at].tgid < pids[i])
			at++;
		/* Lines of OFD locks tell no pid. */
		for (seen = 0; at < nr_tasks && tasks->tasks[at].tgid == pids[i]; at++)
			seen += tasks->tasks[at].wanted.line.pid > 0;
		if (seen < requests)
			err = tasks_look_again(tasks, pids[i], requests - seen);
	}
	free(pids);
	return err;
}

static int read_text(struct round *round, const struct verify_options *options, char error[LOCK_TEXT_MAX])
{
	const char *root = options->root ?: "/proc";
	int err = shown_read(&round->shown, root, !options->root);

	if (err)
		return fail(error, root, err);
	err = tasks_read(&round->tasks) ?: look_again(round);
	return err ? fail(error, "/proc", err) : 0;
}

static void count(struct verify_result *result, const struct round *round)
{
	result->nr_readings++;
	result->nr_locks = round->after.nr;
	result->nr_descriptors = round->shown.nr_descriptors;
	result->nr_fdinfo = round->shown.fdinfo.nr;
	result->nr_requests = 0;
	for (size_t i = 0; i < round->shown.locks.nr; i++)
		result->nr_requests += round->shown.locks.entries[i].line.depth > 0;
	if (round->shown.unreadable || round->tasks.hidden)
		snprintf(result->lacking, sizeof(result->lacking),
			 "processes that may not be looked at were left out (CAP_SYS_PTRACE)");
}

static void limit(struct verify_result *result, struct round *round)
{
	findings_free(&result->limits);
	memset(result->counts, 0, sizeof(result->counts));
	add_limits(&result->limits, &round->after, &round->shown, &round->tasks, result->counts);
}

static int do_round(struct round *round, struct findings *candidates, bool first,
		    struct verify_result *result, const struct verify_options *options,
		    char error[LOCK_TEXT_MAX])
{
	int err;

	shown_free(&round->shown);
	tasks_free(&round->tasks);
	if (!first) {
		lock_list_free(&round->before);
		round->before = round->after;
		round->after = (struct lock_list){ 0 };
		wait_a_little();
	}
	err = first ? read_module(&round->before, result, error) : 0;
	err = err ?: read_text(round, options, error);
	err = err ?: read_module(&round->after, result, error);
	if (err)
		return err;
	compare(candidates, first, round);
	count(result, round);
	return candidates->failed ? fail(error, "/proc", -ENOMEM) : 0;
}

int verify_check(struct verify_result *result, const struct verify_options *options,
		 char error[LOCK_TEXT_MAX])
{
	struct findings candidates = { 0 };
	struct round round = { 0 };
	int err = 0;

	for (unsigned int i = 0; !err && i < options->rounds && (!i || candidates.nr); i++)
		err = do_round(&round, &candidates, !i, result, options, error);
	if (!err) {
		limit(result, &round);
		findings_merge(&result->differences, &candidates);
		result->nr_checks++;
		if (result->differences.failed || result->limits.failed)
			err = fail(error, "verify", -ENOMEM);
	}
	findings_free(&candidates);
	shown_free(&round.shown);
	tasks_free(&round.tasks);
	lock_list_free(&round.before);
	lock_list_free(&round.after);
	return err;
}

void verify_result_free(struct verify_result *result)
{
	findings_free(&result->differences);
	findings_free(&result->limits);
}
