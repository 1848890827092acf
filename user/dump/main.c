// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crdump - writes a process and its descendants, or only their locks, to a checkpoint directory or a stream.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "dump/collect.h"
#include "dump/finish.h"
#include "dump/options.h"
#include "dump/output.h"
#include "dump/turns.h"
#include "dump/whole.h"
#include "image/checkpoint.h"
#include "image/ending_signals.h"
#include "image/inventory.h"
#include "image/say.h"
#include "image/status.h"
#include "procfs/file.h"
#include "procfs/standard.h"
#include "trace/tree.h"

/*
 * A signal that would end or stop this program waits until the target goes on and the directory is a checkpoint, or
 * as it was. Of a stream one that ends it ends the writing.
 */
static void hold_signals(sigset_t *before)
{
	sigset_t set;

	ending_signals(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, before);
	/* A reader of our output that goes away is no reason to leave anything half done either. */
	signal(SIGPIPE, SIG_IGN);
	/* Nor is a file that may not become larger: writing fails. */
	signal(SIGXFSZ, SIG_IGN);
}

/* Processes are opened, and descriptors in flight are received, and stay open until they are written. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int write_checkpoint(const struct checkpoint *checkpoint, const struct options *options)
{
	char why[4096];
	const struct image_error error = { why, sizeof(why) };
	struct image_directory directory;
	int ret = output_open(&directory, options, &error);

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
		say_info("%zu locks of %zu open file descriptions, %zu processes", checkpoint->locks.nr,
			 checkpoint->nr_files, checkpoint->nr_processes);
	return STATUS_OK;
}

static int dump_stopped(struct checkpoint *checkpoint, const struct trace_tree *tree,
			const struct options *options)
{
	struct blockers blockers = { .list = options->check };
	int status = collect(checkpoint, tree, options, NULL, &blockers);
	char why[256];

	if (!status && blockers.nr)
		status = STATUS_IN_THE_WAY;
	if (!status && trace_tree_check(tree, why, sizeof(why))) {
		say("%s", why);
		status = STATUS_NO_PROCESS;
	}
	if (!status && !options->check)
		status = write_checkpoint(checkpoint, options);
	return status;
}

static int dump_locks(const struct options *options)
{
	struct checkpoint checkpoint = { 0 };
	struct trace_tree tree;
	char why[4096];
	int status;

	turns_read(&checkpoint.queues, options->pid);
	say_later();
	if (trace_tree_stop(&tree, options->pid, true, why, sizeof(why))) {
		trace_tree_release(&tree);
		say_now();
		say("%s", why);
		checkpoint_free(&checkpoint);
		return STATUS_NO_PROCESS;
	}
	turns_settle(&checkpoint.queues);
	if (tree.processes[0].zombie) {
		say("%d: is a zombie: it has ended (its parent is to wait for it)", options->pid);
		status = STATUS_NO_PROCESS;
	} else {
		status = dump_stopped(&checkpoint, &tree, options);
	}
	if (finish_tree(&tree, &checkpoint.queues, status || options->check ? FINISH_GO_ON : options->finish,
			NULL))
		status = STATUS_IN_THE_WAY;
	say_now();
	checkpoint_free(&checkpoint);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	sigset_t before;
	int status;

	proc_hold_standard();
	say_as("crdump");
	status = options_parse(&options, argc, argv);
	if (status < 0 && !proc_is_ours()) {
		say(PROC_IS_FOREIGN);
		status = STATUS_NO_PROCESS;
	}
	if (status < 0) {
		say_allow_progress();
		hold_signals(&before);
		allow_descriptors();
		status = options.locks_only ? dump_locks(&options) : dump_whole(&options);
		if (options.check && say_written())
			status = STATUS_IN_THE_WAY;
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	options_clear(&options);
	return status;
}
