// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/tree.h"
#include "image/container.h"
#include "image/magic.h"
#include "image/saved.h"
#include "pstree.pb-c.h"

/* Relations ---------------------------------------------------------------------------------------- */

/* The session that a process gets from its parents when it is restored. */
static pid_t session_from_parents(struct dump *dump, const struct dump_process *process)
{
	const struct dump_process *parent = dump_process_of(dump, process->ppid);

	while (parent && saved_made_before(process->pid, process->stat.session, parent->stat.session)) {
		process = parent;
		parent = dump_process_of(dump, process->ppid);
	}
	return parent ? parent->stat.session : 0;
}

/*
 * A process group or session whose leader is gone can be had again only if a member of the tree has its number.
 * With --shell-job the session and the group of the first process are those of who restores.
 */
void tree_check(struct dump *dump)
{
	const struct dump_process *root = &dump->processes[0];

	for (size_t i = 0; i < dump->nr; i++) {
		const struct dump_process *process = &dump->processes[i];
		const struct proc_stat *stat = &process->stat;

		if (!dump_process_of(dump, stat->session) &&
		    !(dump->options->shell_job && stat->session == root->stat.session))
			block(&dump->blockers, "%d: is in session %d, whose leader is outside the tree%s",
			      process->pid, stat->session,
			      stat->session == root->stat.session ? " (--shell-job leaves it to who restores)"
								  : "");
		if (!process->zombie && dump_process_of(dump, stat->session) &&
		    stat->session != process->pid && stat->session != session_from_parents(dump, process))
			block(&dump->blockers, "%d: is in session %d, which none of its ancestors began",
			      process->pid, stat->session);
		if (!dump_process_of(dump, stat->pgrp) &&
		    !(dump->options->shell_job && stat->pgrp == root->stat.pgrp))
			block(&dump->blockers,
			      "%d: is in process group %d, whose leader is outside the tree%s", process->pid,
			      stat->pgrp,
			      stat->pgrp == root->stat.pgrp ? " (--shell-job leaves it to who restores)"
							    : "");
	}
}

/* Numbers ------------------------------------------------------------------------------------------ */

/* The first number that is not that of who dumps. */
#define FIRST_ID 2

struct kind {
	int kcmp; /* KCMP_* */
	size_t fact; /* of struct crlock_task */
	size_t id; /* of struct dump_ids */
	const char *name;
};

static const struct kind kinds[] = {
	{ KCMP_VM, offsetof(struct crlock_task, mm_id), offsetof(struct dump_ids, vm), "memory" },
	{ KCMP_FILES, offsetof(struct crlock_task, files_id), offsetof(struct dump_ids, files),
	  "descriptors" },
	{ KCMP_FS, offsetof(struct crlock_task, fs_id), offsetof(struct dump_ids, fs), "working directory" },
	{ KCMP_SIGHAND, offsetof(struct crlock_task, sighand_id), offsetof(struct dump_ids, sighand),
	  "signal handlers" },
};

#define NR_KINDS (sizeof(kinds) / sizeof(*kinds))

static uint32_t *id_of(const struct kind *kind, struct dump_process *process)
{
	return (uint32_t *)((char *)&process->ids + kind->id);
}

static uint64_t fact_of(const struct kind *kind, const struct dump_thread *thread)
{
	return *(const uint64_t *)((const char *)&thread->task + kind->fact);
}

static bool is_same(struct dump *dump, const struct kind *kind, const struct dump_thread *a,
		    const struct dump_thread *b)
{
	long order;

	if (dump->module)
		return fact_of(kind, a) == fact_of(kind, b);
	order = syscall(SYS_kcmp, a->tid, b->tid, kind->kcmp, 0, 0);
	if (order < 0)
		block(&dump->blockers, "%d: whether it shares its %s with %d cannot be told: %s", a->tid,
		      kind->name, b->tid, strerror(errno));
	return !order;
}

static uint32_t find_id(struct dump *dump, const struct kind *kind, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		struct dump_process *other = &dump->processes[j];

		if (!other->zombie && is_same(dump, kind, dump->processes[i].threads, other->threads))
			return *id_of(kind, other);
	}
	return FIRST_ID + i;
}

static void check_threads(struct dump *dump, const struct dump_process *process)
{
	for (size_t i = 1; i < process->nr_threads; i++) {
		for (size_t k = 0; k < NR_KINDS; k++) {
			if (!is_same(dump, &kinds[k], process->threads, &process->threads[i]))
				block(&dump->blockers, "%d: thread %d has %s of its own", process->pid,
				      process->threads[i].tid, kinds[k].name);
		}
	}
}

int tree_find_ids(struct dump *dump)
{
	for (size_t i = 0; i < dump->nr; i++) {
		struct dump_process *process = &dump->processes[i];

		if (process->zombie)
			continue;
		for (size_t k = 0; k < NR_KINDS; k++)
			*id_of(&kinds[k], process) = find_id(dump, &kinds[k], i);
		check_threads(dump, process);
	}
	return 0;
}

void tree_pack_ids(const struct dump_ids *ids, Image__TaskKobjIdsEntry *message)
{
	image__task_kobj_ids_entry__init(message);
	message->vm_id = ids ? ids->vm : FIRST_ID - 1;
	message->files_id = ids ? ids->files : FIRST_ID - 1;
	message->fs_id = ids ? ids->fs : FIRST_ID - 1;
	message->sighand_id = ids ? ids->sighand : FIRST_ID - 1;
	/* All are in the namespaces of who dumps. */
	message->has_pid_ns_id = message->has_net_ns_id = message->has_ipc_ns_id = true;
	message->has_uts_ns_id = message->has_mnt_ns_id = message->has_user_ns_id = true;
	message->has_cgroup_ns_id = message->has_time_ns_id = true;
	message->pid_ns_id = 1;
	message->net_ns_id = TREE_NET_NS;
	message->ipc_ns_id = 3;
	message->uts_ns_id = 4;
	message->time_ns_id = 5;
	message->mnt_ns_id = 6;
	message->user_ns_id = 7;
	message->cgroup_ns_id = 8;
}

/* pstree.img --------------------------------------------------------------------------------------- */

static int write_process(const struct dump_process *process, bool root, struct image_writer *writer,
			 const struct image_error *error)
{
	Image__PstreeEntry message = IMAGE__PSTREE_ENTRY__INIT;
	uint32_t *threads = calloc(process->nr_threads + 1, sizeof(*threads));
	int ret;

	if (!threads)
		return image_error(error, -ENOMEM, writer->directory->path, "%s", strerror(ENOMEM));
	message.pid = process->pid;
	message.ppid = root ? 0 : process->ppid;
	message.pgid = process->stat.pgrp;
	message.sid = process->stat.session;
	message.threads = threads;
	threads[message.n_threads++] = process->pid;
	for (size_t i = 1; i < process->nr_threads; i++)
		threads[message.n_threads++] = process->threads[i].tid;
	ret = image_write(writer, &message.base, error);
	free(threads);
	return ret;
}

int tree_write(const struct dump *dump, struct image_directory *directory, const struct image_error *error)
{
	struct image_writer writer;
	int ret = image_writer_open(&writer, directory, "pstree.img", IMAGE_MAGIC_PSTREE, error);

	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < dump->nr; i++)
		ret = write_process(&dump->processes[i], !i, &writer, error);
	return image_writer_close(&writer, ret, error);
}
