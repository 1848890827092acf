// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/finish.h"
#include "dump/turns.h"
#include "image/say.h"
#include "image/stats.h"

/* To wait for their end. They are opened while their pids cannot be another's. */
static int *open_processes(const struct trace_tree *tree)
{
	int *pidfds = calloc(tree->nr + 1, sizeof(*pidfds));

	for (size_t i = 0; pidfds && i < tree->nr; i++)
		pidfds[i] = syscall(SYS_pidfd_open, tree->processes[i].pid, 0);
	return pidfds;
}

/* Who is traced is there, at least as a zombie, so that the pid is nobody else's. */
static enum finished send_all(const struct trace_tree *tree, int signum)
{
	enum finished ret = FINISHED;

	for (size_t i = 0; i < tree->nr; i++) {
		if (!kill(tree->processes[i].pid, signum) || errno == ESRCH)
			continue;
		say("%d: goes on%s: signal %d cannot be sent to it: %s", tree->processes[i].pid,
		    i || tree->nr == 1 ? "" : ", and so do all", signum, strerror(errno));
		/* A tree is whole without a signal. */
		if (!i)
			return FINISHED_NONE;
		ret = FINISHED_IN_PART;
	}
	return ret;
}

static void await_all(const int *pidfds, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct pollfd end = { .fd = pidfds[i], .events = POLLIN };

		while (pidfds[i] >= 0 && poll(&end, 1, -1) < 0 && errno == EINTR)
			;
	}
}

enum finished finish_tree(struct trace_tree *tree, const struct lock_queues *queues, enum finish how,
			  uint64_t *ended)
{
	int *pidfds = how == FINISH_KILL ? open_processes(tree) : NULL;
	enum finished ret = FINISHED;
	size_t nr = tree->nr;

	if (how != FINISH_GO_ON)
		ret = send_all(tree, how == FINISH_KILL ? SIGKILL : SIGSTOP);
	if (ended && how == FINISH_KILL)
		*ended = stats_now();
	if (how == FINISH_GO_ON)
		turns_take(queues, tree);
	trace_tree_release(tree);
	if (ended && how != FINISH_KILL)
		*ended = stats_now();
	if (!pidfds)
		return ret;
	/* Who could not be killed does not end. */
	if (ret == FINISHED)
		await_all(pidfds, nr);
	for (size_t i = 0; i < nr; i++) {
		if (pidfds[i] >= 0)
			close(pidfds[i]);
	}
	free(pidfds);
	return ret;
}
