// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order: memory is copied while the tree runs, the tree is stopped, all is collected and checked, what is
 * left is copied and written, and the tree is killed or goes on. Until the inventory is there, whatever fails
 * leaves no directory and lets the tree go on.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "dump/collect.h"
#include "dump/facts.h"
#include "dump/finish.h"
#include "dump/gather.h"
#include "dump/keeper.h"
#include "dump/mappings.h"
#include "dump/output.h"
#include "dump/pages.h"
#include "dump/precopy.h"
#include "dump/shmem.h"
#include "dump/stats.h"
#include "dump/task.h"
#include "dump/tree.h"
#include "dump/turns.h"
#include "dump/whole.h"
#include "image/action.h"
#include "image/container.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "image/progress.h"
#include "image/say.h"
#include "image/stats.h"
#include "image/status.h"
#include "timens.pb-c.h"

struct run {
	const struct options *options;
	struct trace_tree tree;
	bool stopped;
	struct dump dump;
	struct checkpoint locks;
	struct image_directory directory;
	bool opened; /* the directory */
	struct precopy precopy;
	struct dump_stats stats;
	enum finished finished; /* if not all are, that does not undo the checkpoint */
	uint64_t began; /* to stop the tree */
	char why[4096];
	struct image_error error;
};

static int image_fails(const struct run *run)
{
	say("%s", run->why);
	return STATUS_IMAGE;
}

static int act(struct run *run, const char *name)
{
	const struct action action = { run->options->action_script, run->options->dir, run->options->pid };

	return action_run(&action, name, &run->error);
}

static int script_fails(const struct run *run)
{
	say("%s", run->why);
	return STATUS_IN_THE_WAY;
}

/* Before the stop ---------------------------------------------------------------------------------- */

static int prepare(struct run *run)
{
	const struct options *options = run->options;

	if (options->check)
		return 0;
	if (output_open(&run->directory, options, &run->error))
		return image_fails(run);
	run->opened = true;
	if (act(run, "pre-dump"))
		return script_fails(run);
	if (options->precopy && precopy_run(&run->precopy, options->pid, &run->directory, &run->error))
		return image_fails(run);
	return 0;
}

/* The stop ----------------------------------------------------------------------------------------- */

static int stop(struct run *run)
{
	turns_read(&run->locks.queues, run->options->pid);
	run->began = stats_now();
	say_later();
	if (trace_tree_stop(&run->tree, run->options->pid, true, run->why, sizeof(run->why))) {
		trace_tree_release(&run->tree);
		say_now();
		say("%s", run->why);
		return STATUS_NO_PROCESS;
	}
	run->stopped = true;
	run->stats.freezing = stats_now() - run->began;
	turns_settle(&run->locks.queues);
	if (run->tree.processes[0].zombie) {
		say("%d: is a zombie: it has ended (its parent is to wait for it)", run->options->pid);
		return STATUS_NO_PROCESS;
	}
	return 0;
}

static void go_on(struct run *run, enum finish how)
{
	uint64_t ended;

	if (!run->stopped)
		return;
	run->finished = finish_tree(&run->tree, &run->locks.queues, how, &ended);
	run->stopped = false;
	run->stats.frozen = ended - run->began;
	say_now();
}

static int look(struct run *run)
{
	int ret = dump_init(&run->dump, &run->tree, run->options), status;

	if (ret) {
		say("%s", strerror(-ret));
		return STATUS_IN_THE_WAY;
	}
	precopy_take(&run->precopy, &run->dump);
	if (gather(&run->dump))
		return STATUS_IN_THE_WAY;
	status = collect(&run->locks, &run->tree, run->options, run->dump.files, &run->dump.blockers);
	return !status && run->dump.blockers.nr ? STATUS_IN_THE_WAY : status;
}

/* Writing ------------------------------------------------------------------------------------------ */

static void set_clock(Image__Timespec *to, clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	to->tv_sec = now.tv_sec;
	to->tv_nsec = now.tv_nsec;
}

static int write_clocks(struct run *run)
{
	Image__TimensEntry message = IMAGE__TIMENS_ENTRY__INIT;
	Image__Timespec monotonic = IMAGE__TIMESPEC__INIT, boottime = IMAGE__TIMESPEC__INIT;

	set_clock(&monotonic, CLOCK_MONOTONIC);
	set_clock(&boottime, CLOCK_BOOTTIME);
	message.monotonic = &monotonic;
	message.boottime = &boottime;
	return image_write_one(&run->directory, "timens-0.img", IMAGE_MAGIC_TIMENS, &message.base,
			       &run->error);
}

/* Of what was copied before nobody knows how much has changed. */
static uint64_t estimate_memory(const struct run *run)
{
	uint64_t size = 0;

	for (size_t i = 0; !run->precopy.nr && i < run->dump.nr; i++)
		size += pages_estimate(run->dump.processes[i].pid);
	return size;
}

static int copy_memory(struct run *run)
{
	uint64_t began = stats_now();
	int ret = 0;

	progress_begin(run->precopy.nr ? "copying what has changed" : "copying memory", estimate_memory(run));
	for (size_t i = 0; !ret && i < run->dump.nr; i++) {
		if (!run->dump.processes[i].zombie)
			ret = pages_copy(&run->dump.processes[i], &run->directory, &run->stats.pages,
					 &run->error);
	}
	ret = ret ?: shmem_write(&run->dump, &run->directory, &run->error);
	progress_end();
	run->stats.memory = stats_now() - began;
	return ret;
}

static int write_images(struct run *run)
{
	uint64_t began = stats_now();
	int ret = write_clocks(run);

	ret = ret ?: tree_write(&run->dump, &run->directory, &run->error);
	for (size_t i = 0; !ret && i < run->dump.nr; i++) {
		const struct dump_process *process = &run->dump.processes[i];

		ret = task_write(&run->dump, process, &run->directory, &run->error);
		if (!ret && !process->zombie)
			ret = mappings_write(process, &run->directory, &run->error);
	}
	ret = ret ?: dump_files_write(run->dump.files, &run->directory, &run->error);
	ret = ret ?: checkpoint_write(&run->locks, &run->directory, &run->error);
	run->stats.writing = stats_now() - began;
	return ret;
}

/* What needs no stop any more. */
static int complete(struct run *run)
{
	const struct options *options = run->options;
	Image__TaskKobjIdsEntry ids;
	char name[32];
	int ret = 0;

	for (size_t i = 0; !ret && i < run->dump.nr; i++) {
		struct dump_process *process = &run->dump.processes[i];

		if (process->zombie)
			continue;
		snprintf(name, sizeof(name), "pagemap-%d.img", process->pid);
		ret = pages_straighten(&process->pages, &run->directory, &run->error);
		ret = ret ?: pages_write_map(&process->pages, name, &run->directory, &run->error);
		ret = pages_close(&process->pages, ret, &run->directory, &run->error);
	}
	/* Of the end of the stop a stream cannot tell: it is complete before. */
	if (!ret && options->stream) {
		run->stats.frozen = run->stats.frozen ?: stats_now() - run->began;
		ret = stats_write(&run->stats, &run->directory, &run->error);
	}
	tree_pack_ids(NULL, &ids);
	return ret ?: inventory_write(&run->directory, &ids, &run->error);
}

static int write_all(struct run *run)
{
	const struct options *options = run->options;
	int ret = copy_memory(run);
	char why[256];

	ret = ret ?: write_images(run);
	/* If so, it is also why anything else failed. */
	if (trace_tree_check(&run->tree, why, sizeof(why))) {
		say("%s", why);
		return STATUS_NO_PROCESS;
	}
	if (!ret && options->finish == FINISH_GO_ON)
		go_on(run, options->finish);
	ret = ret ?: complete(run);
	/* If it fails, all is as if nothing had been. */
	ret = ret ?: act(run, "post-dump");
	if (!ret && options->hold_locks)
		ret = keeper_start(&run->locks, &run->tree, &run->directory, &run->error);
	if (ret == -ECANCELED)
		return script_fails(run);
	if (ret)
		return image_fails(run);
	go_on(run, options->finish);
	if (run->finished == FINISHED_NONE)
		keeper_dismiss();
	else
		keeper_tell(&run->directory);
	/* What it says is of no weight to who restores. */
	if (!options->stream && stats_write(&run->stats, &run->directory, &run->error))
		say("%s", run->why);
	if (options->verbose)
		say_info("%zu processes, %zu pages", run->dump.nr,
			 (size_t)(run->stats.pages.written + run->precopy.count.written));
	return STATUS_OK;
}

int dump_whole(const struct options *options)
{
	struct run run = { .options = options };
	int status;

	run.error = (struct image_error){ run.why, sizeof(run.why) };
	run.dump.options = options;
	status = facts_open(&run.dump);
	status = status ?: prepare(&run);
	status = status ?: stop(&run);
	status = status ?: look(&run);
	if (!status && !options->check)
		status = write_all(&run);
	if (status && run.dump.files)
		dump_files_undo(run.dump.files);
	go_on(&run, FINISH_GO_ON);
	precopy_free(&run.precopy);
	dump_free(&run.dump);
	checkpoint_free(&run.locks);
	if (run.opened)
		image_directory_close(&run.directory, !status);
	return !status && run.finished != FINISHED ? STATUS_IN_THE_WAY : status;
}
