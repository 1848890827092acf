// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crdump - writes the locks of a process and its descendants to a checkpoint directory.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/collect.h"
#include "dump/options.h"
#include "dump/say.h"
#include "image/checkpoint.h"
#include "image/inventory.h"
#include "image/status.h"
#include "trace/tree.h"

/*
 * A signal that would end this program waits until the target goes on and the directory is a checkpoint, or
 * as it was.
 */
static void hold_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, before);
	/* A reader of our output that goes away is no reason to leave anything half done either. */
	signal(SIGPIPE, SIG_IGN);
}

/* Opens the processes by their pids while these cannot be another's. */
static int *open_processes(const struct trace_tree *tree)
{
	int *pidfds = calloc(tree->nr, sizeof(*pidfds));

	for (size_t i = 0; pidfds && i < tree->nr; i++)
		pidfds[i] = syscall(SYS_pidfd_open, tree->processes[i].pid, 0);
	return pidfds;
}

static void kill_processes(const int *pidfds, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (pidfds[i] >= 0)
			syscall(SYS_pidfd_send_signal, pidfds[i], SIGKILL, NULL, 0);
	}
}

static void await_processes(int *pidfds, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct pollfd end = { .fd = pidfds[i], .events = POLLIN };

		while (pidfds[i] >= 0 && poll(&end, 1, -1) < 0 && errno == EINTR)
			;
		if (pidfds[i] >= 0)
			close(pidfds[i]);
	}
}

static int write_checkpoint(const struct checkpoint *checkpoint, const struct options *options)
{
	char why[4096];
	const struct image_error error = { why, sizeof(why) };
	struct image_directory directory;
	int ret = image_directory_make(&directory, options->dir, &error);

	if (!ret) {
		ret = checkpoint_write(checkpoint, &directory, &error);
		ret = ret ? ret : inventory_write(&directory, NULL, &error);
		image_directory_close(&directory, !ret);
	}
	if (ret) {
		say("%s", why);
		return STATUS_IMAGE;
	}
	if (options->verbose)
		say("%zu locks of %zu open file descriptions, %zu processes", checkpoint->locks.nr,
		    checkpoint->nr_files, checkpoint->nr_processes);
	return STATUS_OK;
}

static int dump_tree(const struct trace_tree *tree, const struct options *options)
{
	struct checkpoint checkpoint;
	int status = collect(&checkpoint, tree, options);

	if (!status)
		status = write_checkpoint(&checkpoint, options);
	checkpoint_free(&checkpoint);
	return status;
}

static int dump(const struct options *options)
{
	struct trace_tree tree;
	char why[4096];
	int *pidfds = NULL;
	size_t nr;
	int status;

	if (trace_tree_stop(&tree, options->pid, true, why, sizeof(why))) {
		say("%s", why);
		trace_tree_release(&tree);
		return STATUS_NO_PROCESS;
	}
	nr = tree.nr;
	status = dump_tree(&tree, options);
	if (!status && options->kill) {
		pidfds = open_processes(&tree);
		if (pidfds)
			kill_processes(pidfds, nr);
	}
	trace_tree_release(&tree);
	if (pidfds)
		await_processes(pidfds, nr);
	free(pidfds);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	sigset_t before;
	int status = options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	hold_signals(&before);
	status = dump(&options);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
