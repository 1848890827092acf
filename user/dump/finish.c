// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/finish.h"
#include "dump/stats.h"
#include "dump/turns.h"

/* Opens the processes by their pids while these cannot be another's. */
static int *open_processes(const struct trace_tree *tree)
{
	int *pidfds = calloc(tree->nr + 1, sizeof(*pidfds));

	for (size_t i = 0; pidfds && i < tree->nr; i++)
		pidfds[i] = syscall(SYS_pidfd_open, tree->processes[i].pid, 0);
	return pidfds;
}

static void send_all(const int *pidfds, size_t nr, int signum)
{
	for (size_t i = 0; i < nr; i++) {
		if (pidfds[i] >= 0)
			syscall(SYS_pidfd_send_signal, pidfds[i], signum, NULL, 0);
	}
}

static void await_all(const int *pidfds, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct pollfd end = { .fd = pidfds[i], .events = POLLIN };

		while (pidfds[i] >= 0 && poll(&end, 1, -1) < 0 && errno == EINTR)
			;
	}
}

void finish_tree(struct trace_tree *tree, const struct lock_queues *queues, enum finish how, uint64_t *ended)
{
	int *pidfds = how == FINISH_GO_ON ? NULL : open_processes(tree);
	size_t nr = tree->nr;

	if (pidfds)
		send_all(pidfds, nr, how == FINISH_KILL ? SIGKILL : SIGSTOP);
	if (ended && how == FINISH_KILL)
		*ended = stats_now();
	if (how == FINISH_GO_ON)
		turns_take(queues, tree);
	trace_tree_release(tree);
	if (ended && how != FINISH_KILL)
		*ended = stats_now();
	if (!pidfds)
		return;
	if (how == FINISH_KILL)
		await_all(pidfds, nr);
	for (size_t i = 0; i < nr; i++) {
		if (pidfds[i] >= 0)
			close(pidfds[i]);
	}
	free(pidfds);
}
