// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/precopy.h"
#include "image/progress.h"
#include "procfs/pagemap.h"
#include "procfs/process.h"
#include "procfs/tree.h"

static int copy_process(struct precopy *precopy, pid_t pid, struct image_directory *directory,
			const struct image_error *error)
{
	struct precopied *process = &precopy->processes[precopy->nr];
	struct proc_stat stat = { 0 };
	int ret = pages_open(&process->pages, directory, error);

	if (ret)
		return ret;
	process->pid = pid;
	precopy->nr++;
	ret = proc_stat_of(pid, &stat);
	process->start_time = stat.start_time;
	ret = ret ?: pages_copy_running(pid, &process->pages, &precopy->count);
	/* One that has ended, or is a zombie, will not be asked for. One that may not be read is told later. */
	if (ret == -ENOENT || ret == -ESRCH || ret == -EACCES || ret == -EPERM)
		return 0;
	if (ret)
		image_error(error, ret, directory->path, "memory of process %d: %s", pid, strerror(-ret));
	return ret;
}

static uint64_t estimate(const struct proc_pids *pids)
{
	uint64_t size = 0;

	for (size_t i = 0; i < pids->nr; i++)
		size += pages_estimate(pids->pids[i]);
	return size;
}

/* What has become zeros since it was copied need not have been written: its frames must tell. */
static bool can_tell_zeros(void)
{
	int fd = proc_pagemap_zero() ? proc_frames_open() : -1;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int precopy_run(struct precopy *precopy, pid_t root, struct image_directory *directory,
		const struct image_error *error)
{
	struct proc_pids pids = { 0 };
	int ret = 0;

	*precopy = (struct precopy){ 0 };
	/* Whoever is missed, or not there any more, is copied later as a whole, or not at all. */
	if (!proc_soft_dirty_works() || !can_tell_zeros() || proc_pids_tree(&pids, root))
		pids.nr = 0;
	precopy->processes = calloc(pids.nr + 1, sizeof(*precopy->processes));
	if (!precopy->processes)
		ret = image_error(error, -ENOMEM, directory->path, "%s", strerror(ENOMEM));
	progress_begin("copying memory", estimate(&pids));
	for (size_t i = 0; precopy->processes && !ret && i < pids.nr; i++)
		ret = copy_process(precopy, pids.pids[i], directory, error);
	progress_end();
	proc_pids_free(&pids);
	return ret;
}

void precopy_take(struct precopy *precopy, struct dump *dump)
{
	for (size_t i = 0; i < precopy->nr; i++) {
		struct precopied *precopied = &precopy->processes[i];
		struct dump_process *process = dump_process_of(dump, precopied->pid);
		struct proc_stat stat;

		if (!process || process->zombie || proc_stat_of(process->pid, &stat) ||
		    stat.start_time != precopied->start_time)
			continue;
		process->pages = precopied->pages;
		precopied->pages = (struct dump_pages){ 0 };
	}
}

void precopy_free(struct precopy *precopy)
{
	for (size_t i = 0; i < precopy->nr; i++)
		pages_free(&precopy->processes[i].pages);
	free(precopy->processes);
	*precopy = (struct precopy){ 0 };
}
