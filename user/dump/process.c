// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/pages.h"
#include "dump/process.h"
#include "image/say.h"

struct dump_process *dump_process_of(struct dump *dump, pid_t pid)
{
	for (size_t i = 0; i < dump->nr; i++) {
		if (dump->processes[i].pid == pid)
			return &dump->processes[i];
	}
	return NULL;
}

struct dump_thread *dump_thread_of(struct dump_process *process, pid_t tid)
{
	for (size_t i = 0; i < process->nr_threads; i++) {
		if (process->threads[i].tid == tid)
			return &process->threads[i];
	}
	return NULL;
}

int dump_fail(int err, pid_t whose, const char *what)
{
	char text[1024];

	snprintf(text, sizeof(text), "%d: %s: %s", whose, what, strerror(-err));
	say_of(whose, -1, text);
	return err;
}

static int init_process(struct dump_process *process, const struct trace_process *from)
{
	process->pid = from->pid;
	process->ppid = from->ppid;
	process->zombie = from->zombie;
	process->threads = calloc(from->nr_threads + 1, sizeof(*process->threads));
	if (!process->threads)
		return -ENOMEM;
	for (size_t i = 0; i < from->nr_threads; i++) {
		struct dump_thread *thread = &process->threads[process->nr_threads++];

		thread->tid = from->threads[i].tid;
		thread->was_stopped = from->threads[i].was_stopped;
		thread->stop_signal = from->threads[i].stop_signal;
		/* The leader is the process's first thread, but need not have been found first. */
		if (thread->tid == process->pid && i) {
			struct dump_thread leader = *thread;

			*thread = process->threads[0];
			process->threads[0] = leader;
		}
	}
	return 0;
}

int dump_init(struct dump *dump, const struct trace_tree *tree, const struct options *options)
{
	int ret = 0;

	dump->options = options;
	dump->tree = tree;
	dump->blockers.list = options->check;
	dump->processes = calloc(tree->nr, sizeof(*dump->processes));
	if (!dump->processes)
		return -ENOMEM;
	for (size_t i = 0; !ret && i < tree->nr; i++)
		ret = init_process(&dump->processes[dump->nr++], &tree->processes[i]);
	return ret;
}

static void free_thread(struct dump_thread *thread)
{
	free(thread->groups);
	image_regs_free(&thread->regs);
	free(thread->signals.infos);
	free(thread->schedule.affinity);
}

static void free_process(struct dump_process *process)
{
	for (size_t i = 0; i < process->nr_threads; i++)
		free_thread(&process->threads[i]);
	free(process->threads);
	free(process->timers);
	free(process->signals.infos);
	free(process->auxv);
	free(process->mappings);
	pages_free(&process->pages);
}

void dump_free(struct dump *dump)
{
	for (size_t i = 0; i < dump->nr; i++)
		free_process(&dump->processes[i]);
	free(dump->processes);
	free(dump->shmems);
	dump_files_free(dump->files);
	crlock_close(dump->module);
	*dump = (struct dump){ 0 };
}
