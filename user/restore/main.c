// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crrestore - brings processes back from a checkpoint, or takes its file locks again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/checksums.h"
#include "image/directory.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "image/say.h"
#include "image/status.h"
#include "procfs/file.h"
#include "procfs/standard.h"
#include "restore/guard.h"
#include "restore/input.h"
#include "restore/open.h"
#include "restore/options.h"
#include "restore/plan.h"
#include "restore/take.h"
#include "restore/target.h"
#include "restore/tell.h"
#include "restore/tree/check.h"
#include "restore/tree/restore.h"
#include "restore/wait.h"

/* Of what is left of a stream. */
static struct input input;

/* Returns: 0, -EAGAIN, or the exit status; then all is as it was. */
static int attempt(struct plan *plan, char why[WHY_MAX])
{
	bool here = plan->options->command;
	int status;

	for (size_t i = 0; i < plan->nr_files; i++)
		plan->files[i].skipped = false;
	status = here ? files_open(plan, why) : targets_open(plan, why);
	status = status ?: take_locks(plan, why);
	if (!here && !status)
		guard_leave();
	if (!here)
		targets_close(plan);
	else if (status)
		files_close(plan);
	return status;
}

static int start_guard(struct plan *plan)
{
	char why[WHY_MAX];
	int status = targets_find(plan, why) ?: guard_start(plan, why);

	if (status)
		say("%s", why);
	return status;
}

/* The locks stay with this process, and so with what it becomes. */
static int run(char **command)
{
	int err;

	input_close(&input, false);
	files_restore_limit();
	unblock_signals();
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
		status = options->command ? 0 : start_guard(&plan);
		status = status ?: try_until_taken(&plan, attempt);
		guard_end(&plan);
	}
	if (!status) {
		tell_outsiders(&plan);
		status = tell_locks(&plan) ? STATUS_IN_THE_WAY : STATUS_OK;
		if (options->command)
			status = run(options->command);
	}
	plan_free(&plan);
	return status;
}

/* ---- Whole processes ---- */

/* Returns: the exit status of a process, as shells tell it. */
static int await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return STATUS_OK;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int restore_processes(const struct options *options)
{
	pid_t root = 0;
	int status;

	if (options->check)
		return tree_check(options);
	block_signals();
	status = tree_restore(options, &root);
	/* Before the processes are waited for, which may take long. */
	input_close(&input, status);
	unblock_signals();
	if (!status && !options->detached && !options->sibling)
		status = await(root);
	return status;
}

static int restore_locks(const struct options *options)
{
	struct checkpoint checkpoint = { 0 };
	char why[WHY_MAX] = "";
	int err = checkpoint_read(&checkpoint, options->dir, why, sizeof(why)), status;

	if (err)
		say("%s", *why ? why : strerror(-err));
	status = err ? STATUS_IMAGE : restore_checkpoint(options, &checkpoint);
	checkpoint_free(&checkpoint);
	return status;
}

/* A stream has checksums of its own. */
static int verify(const struct options *options)
{
	char why[WHY_MAX] = "";
	const struct image_error error = { why, sizeof(why) };
	int dir, ret;

	if (options->no_verify || options->stream)
		return 0;
	dir = open(options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		say("%s: %s", options->dir, strerror(errno));
		return STATUS_IMAGE;
	}
	/* Which of them says what is wrong: whether it is a checkpoint at all comes first. */
	if (faccessat(dir, IMAGE_INVENTORY, F_OK, 0))
		ret = inventory_read(dir, options->dir, &error);
	else
		ret = checksums_verify(dir, options->dir, &error);
	close(dir);
	if (ret < 0)
		say("%s", why);
	return ret < 0 ? STATUS_IMAGE : 0;
}

static int restore(const struct options *options)
{
	int status = verify(options);

	if (!status)
		status = options->locks_only ? restore_locks(options) : restore_processes(options);
	input_close(&input, status && !options->check);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	proc_hold_standard();
	say_as("crrestore");
	status = options_read(&options, argc, argv);
	if (status == OPTIONS_DONE && !proc_is_ours()) {
		say(PROC_IS_FOREIGN);
		status = STATUS_NO_PROCESS;
	}
	if (status == OPTIONS_DONE)
		say_allow_progress();
	if (status == OPTIONS_DONE)
		status = input_read(&input, &options) ?: restore(&options);
	options_free(&options);
	return status;
}
