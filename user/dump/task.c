// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dump/signals.h"
#include "dump/task.h"
#include "dump/thread.h"
#include "dump/timers.h"
#include "dump/tree.h"
#include "fs.pb-c.h"
#include "image/container.h"
#include "image/magic.h"

#define NR_LIMITS (sizeof(((struct dump_process *)0)->limits) / sizeof(uint64_t[2]))

/* Reading ------------------------------------------------------------------------------------------ */

int task_read_stat(struct dump_process *process)
{
	int ret = proc_stat_of(process->pid, &process->stat);

	return ret ? dump_fail(ret, process->pid, "stat") : 0;
}

static int read_limits(struct dump_process *process)
{
	struct rlimit limit;

	for (size_t i = 0; i < NR_LIMITS; i++) {
		if (prlimit(process->pid, i, NULL, &limit))
			return dump_fail(-errno, process->pid, "limits");
		process->limits[i][0] = limit.rlim_cur;
		process->limits[i][1] = limit.rlim_max;
	}
	return 0;
}

static int read_auxv(struct dump_process *process, int dir)
{
	char text[8192];
	ssize_t size = proc_read(dir, "auxv", text, sizeof(text));

	if (size < 0)
		return dump_fail(size, process->pid, "auxv");
	process->auxv = malloc(size + 1);
	if (!process->auxv)
		return dump_fail(-ENOMEM, process->pid, "auxv");
	memcpy(process->auxv, text, size);
	process->nr_auxv = size / sizeof(*process->auxv) & ~1UL;
	/* The pair that ends it is not in images. */
	if (process->nr_auxv && process->auxv[process->nr_auxv - 2] == AT_NULL)
		process->nr_auxv -= 2;
	return 0;
}

/* Small files with a number. A kernel without the thing has no file, which is no error, and 0. */
static int read_number(const struct dump_process *process, int dir, const char *name, int base, long *number)
{
	char text[64];
	ssize_t size = proc_read(dir, name, text, sizeof(text));

	*number = size > 0 ? strtol(text, NULL, base) : 0;
	if (size < 0 && size != -ENOENT)
		return dump_fail(size, process->pid, name);
	return size > 0;
}

static int read_numbers(struct dump_process *process, int dir)
{
	long personality, oom_score_adj, loginuid = 0;
	int ret = read_number(process, dir, "personality", 16, &personality);

	if (ret >= 0)
		ret = read_number(process, dir, "oom_score_adj", 10, &oom_score_adj);
	if (ret >= 0)
		ret = read_number(process, dir, "loginuid", 10, &loginuid);
	if (ret < 0)
		return ret;
	process->personality = personality;
	process->oom_score_adj = oom_score_adj;
	process->has_loginuid = ret;
	process->loginuid = loginuid;
	return 0;
}

int task_read(struct dump_process *process)
{
	int dir = proc_open(process->pid), ret;

	if (dir < 0)
		return dump_fail(dir, process->pid, "/proc");
	ret = read_numbers(process, dir);
	ret = ret ?: read_auxv(process, dir);
	ret = ret ?: read_limits(process);
	ret = ret ?: signals_read_shared(process);
	close(dir);
	return ret;
}

/* core-PID.img ------------------------------------------------------------------------------------- */

/* As the format numbers them. */
enum {
	TASK_ALIVE = 1,
	TASK_DEAD = 2,
	TASK_STOPPED = 3,
};

static Image__TaskRlimitsEntry *pack_limits(const struct dump_process *process)
{
	Image__TaskRlimitsEntry *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	image__task_rlimits_entry__init(message);
	message->rlimits = calloc(NR_LIMITS, sizeof(*message->rlimits));
	for (size_t i = 0; message->rlimits && i < NR_LIMITS; i++) {
		Image__RlimitEntry *one = malloc(sizeof(*one));

		if (!one)
			break;
		image__rlimit_entry__init(one);
		one->cur = process->limits[i][0];
		one->max = process->limits[i][1];
		message->rlimits[message->n_rlimits++] = one;
	}
	if (message->n_rlimits == NR_LIMITS)
		return message;
	protobuf_c_message_free_unpacked(&message->base, NULL);
	return NULL;
}

static void pack_state(const struct dump_process *process, Image__TaskCoreEntry *message)
{
	const struct dump_thread *leader = process->threads;
	const struct crlock_process *facts = &process->state.process;

	message->task_state = TASK_ALIVE;
	if (leader->was_stopped) {
		message->task_state = TASK_STOPPED;
		message->has_stop_signo = true;
		message->stop_signo = leader->stop_signal;
	}
	message->exit_code = process->stat.exit_code;
	message->personality = process->personality;
	message->blk_sigset = leader->blocked;
	message->has_oom_score_adj = true;
	message->oom_score_adj = process->oom_score_adj;
	message->has_loginuid = process->has_loginuid;
	message->loginuid = process->loginuid;
	message->has_child_subreaper = true;
	message->child_subreaper = facts->flags & CRLOCK_PROCESS_SUBREAPER;
	message->has_membarrier_registration_mask = facts->membarrier != 0;
	message->membarrier_registration_mask = facts->membarrier;
	message->has_exit_signal = true;
	message->exit_signal = facts->exit_signal;
}

static int pack_process(const struct dump_process *process, Image__TaskCoreEntry *message)
{
	pack_state(process, message);
	message->timers = timers_pack(process);
	message->rlimits = pack_limits(process);
	message->signals_s = signals_pack(&process->signals);
	if (!message->timers || !message->rlimits || !message->signals_s)
		return -ENOMEM;
	return actions_pack(process, message);
}

/* Of a zombie there is no more than how it ended. */
static int pack_task(const struct dump_process *process, Image__CoreEntry *core)
{
	Image__TaskCoreEntry *message = malloc(sizeof(*message));

	core->mtype = IMAGE__CORE_ENTRY__MARCH__X86_64;
	if (!message)
		return -ENOMEM;
	image__task_core_entry__init(message);
	core->tc = message;
	message->flags = process->stat.flags;
	message->comm = strdup(process->zombie ? process->stat.comm : process->threads->comm);
	if (!message->comm)
		return -ENOMEM;
	if (!process->zombie)
		return pack_process(process, message);
	message->comm[strnlen(message->comm, 15)] = '\0';
	message->task_state = TASK_DEAD;
	message->exit_code = process->stat.exit_code;
	return 0;
}

/* Takes the message, and frees it. */
static int write_core(Image__CoreEntry *core, pid_t tid, int ret, struct image_directory *directory,
		      const struct image_error *error)
{
	char name[32];

	snprintf(name, sizeof(name), "core-%d.img", tid);
	if (ret)
		ret = image_error(error, ret, directory->path, "%s: %s", name, strerror(-ret));
	else
		ret = image_write_one(directory, name, IMAGE_MAGIC_CORE, &core->base, error);
	protobuf_c_message_free_unpacked(&core->base, NULL);
	return ret;
}

static int write_cores(const struct dump_process *process, struct image_directory *directory,
		       const struct image_error *error)
{
	size_t nr = process->zombie ? 1 : process->nr_threads;
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++) {
		Image__CoreEntry *core = malloc(sizeof(*core));

		if (!core)
			return image_error(error, -ENOMEM, directory->path, "%s", strerror(ENOMEM));
		image__core_entry__init(core);
		if (!process->zombie)
			ret = thread_pack(process, &process->threads[i], core);
		if (!i)
			ret = ret ?: pack_task(process, core);
		ret = write_core(core, process->zombie ? process->pid : process->threads[i].tid, ret,
				 directory, error);
	}
	return ret;
}

/* The others --------------------------------------------------------------------------------------- */

static int write_ids(const struct dump_process *process, struct image_directory *directory,
		     const struct image_error *error)
{
	Image__TaskKobjIdsEntry message;
	char name[32];

	tree_pack_ids(&process->ids, &message);
	snprintf(name, sizeof(name), "ids-%d.img", process->pid);
	return image_write_one(directory, name, IMAGE_MAGIC_IDS, &message.base, error);
}

static int write_fs(const struct dump_process *process, struct image_directory *directory,
		    const struct image_error *error)
{
	Image__FsEntry message = IMAGE__FS_ENTRY__INIT;
	char name[32];

	message.cwd_id = process->cwd_id;
	message.root_id = process->root_id;
	message.has_umask = true;
	message.umask = process->threads->status.umask;
	snprintf(name, sizeof(name), "fs-%d.img", process->pid);
	return image_write_one(directory, name, IMAGE_MAGIC_FS, &message.base, error);
}

int task_write(const struct dump *dump, const struct dump_process *process, struct image_directory *directory,
	       const struct image_error *error)
{
	int ret = write_cores(process, directory, error);

	(void)dump;
	if (process->zombie)
		return ret;
	ret = ret ?: write_ids(process, directory, error);
	return ret ?: write_fs(process, directory, error);
}
