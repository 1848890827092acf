// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "dump/facts.h"
#include "dump/gather.h"
#include "dump/mappings.h"
#include "dump/namespaces.h"
#include "dump/task.h"
#include "dump/thread.h"
#include "dump/timers.h"
#include "dump/tree.h"

static int gather_links(struct dump *dump, struct dump_process *process)
{
	const struct {
		const char *link;
		uint32_t *id;
	} links[] = {
		{ "exe", &process->exe_id },
		{ "cwd", &process->cwd_id },
		{ "root", &process->root_id },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		int ret = dump_files_link(dump->files, process->pid, links[i].link, links[i].id);

		if (ret)
			return dump_fail(ret, process->pid, links[i].link);
	}
	return 0;
}

static void block_odd(struct dump *dump, const struct dump_process *process)
{
	const struct crlock_process *facts = &process->state.process;

	if (facts->mm_flags & CRLOCK_MM_LDT)
		block(&dump->blockers, "%d: has a local descriptor table (modify_ldt)", process->pid);
	if (facts->flags & CRLOCK_PROCESS_EXITING)
		block(&dump->blockers, "%d: is about to end; try again", process->pid);
	timers_check(process, &dump->blockers);
}

static int gather_process(struct dump *dump, struct dump_process *process)
{
	int ret = gather_links(dump, process);

	ret = ret ?: namespaces_check(process, &dump->blockers);
	if (process->foreign)
		return ret;
	ret = ret ?: task_read(process);
	for (size_t i = 0; !ret && i < process->nr_threads; i++)
		ret = thread_read(dump, process, &process->threads[i]);
	ret = ret ?: mappings_read(dump, process);
	block_odd(dump, process);
	return ret;
}

/* A table that processes share is taken once. */
static int gather_tables(struct dump *dump)
{
	for (size_t i = 0; i < dump->nr; i++) {
		const struct dump_process *process = &dump->processes[i];
		bool known = process->zombie;
		int ret;

		for (size_t j = 0; j < i; j++)
			known = known || dump->processes[j].ids.files == process->ids.files;
		ret = known ? 0 : dump_files_table(dump->files, process->pid, process->ids.files);
		if (ret)
			return dump_fail(ret, process->pid, "descriptors");
	}
	return 0;
}

int gather(struct dump *dump)
{
	const struct dump_files_options options = {
		.shell_job = dump->options->shell_job,
		.use_module = dump->module,
		.external = dump->options->external,
		.nr_external = dump->options->nr_external,
		.net_ns_id = TREE_NET_NS,
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < dump->nr; i++) {
		ret = task_read_stat(&dump->processes[i]);
		threads_check_mode(dump, &dump->processes[i]);
	}
	ret = ret ?: facts_read(dump);
	if (!ret) {
		ret = dump_files_new(&dump->files, dump->tree, &options, &dump->blockers);
		if (ret)
			dump_fail(ret, dump->processes[0].pid, "mounts");
	}
	for (size_t i = 0; !ret && i < dump->nr; i++) {
		if (!dump->processes[i].zombie)
			ret = gather_process(dump, &dump->processes[i]);
	}
	if (ret)
		return ret;
	tree_check(dump);
	ret = tree_find_ids(dump);
	ret = ret ?: gather_tables(dump);
	return ret ?: dump_files_settle(dump->files);
}
