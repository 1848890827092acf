// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order in which a tree comes back. Each step relies on those before:
 *
 *   images, descriptions, shared memory    in crrestore, so that all processes inherit them
 *   processes                              family.c
 *   memory, locks that only mappings or    by the leaders of the processes
 *     messages have; then descriptors
 *     above the tree's are closed
 *   locks
 *   threads
 *   timers, signals that wait, handlers
 *   notices of kept leases that were broken meanwhile
 *   credentials                            from here much may not be done any more
 *   system calls to go on with, registers
 *   pidfile                                the last that can fail
 *   letting go                             first those who wait for the same lock, in their order
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/action.h"
#include "image/hold.h"
#include "image/progress.h"
#include "image/say.h"
#include "image/stats.h"
#include "image/status.h"
#include "locks/append.h"
#include "restore/pidfile.h"
#include "restore/plan.h"
#include "restore/tree/confined.h"
#include "restore/tree/creds.h"
#include "restore/tree/family.h"
#include "restore/tree/held.h"
#include "restore/tree/images.h"
#include "restore/tree/inherited_locks.h"
#include "restore/tree/locks.h"
#include "restore/tree/memory.h"
#include "restore/tree/notices.h"
#include "restore/tree/processor.h"
#include "restore/tree/puppet.h"
#include "restore/tree/restore.h"
#include "restore/tree/shm.h"
#include "restore/tree/signals.h"
#include "restore/tree/stats.h"
#include "restore/tree/task.h"
#include "restore/tree/thread.h"
#include "restore/tree/timers.h"
#include "restore/tree/warden.h"

#define TASK_STOPPED 3

/* A thread that is made anew. */
struct player {
	const struct saved_thread *saved;
	struct puppet puppet;
	struct image_regs regs;
	bool goes; /* it was let go */
};

/* A process. */
struct troupe {
	const struct saved_process *saved; /* no zombie */
	struct player *players; /* the leader first */
	size_t nr;
	struct memory memory;
};

struct restoring {
	const struct options *options;
	struct images images;
	bool images_are_read;
	int keeper; /* connection to who has kept locks since the dump; -1: nobody */
	struct kept_leases kept;
	int lowest; /* descriptors of this program are above, those of the tree below */
	struct rlimit limit; /* of descriptors, before it was raised */
	struct shms shms;
	struct vdso vdso;
	struct memory_sources sources;
	struct family *family;
	struct troupe *troupes;
	size_t nr;
	struct pidfile pidfile;
	bool whole; /* the tree goes on, whatever becomes of this program */
	struct restore_stats stats;
	struct image_error error;
};

/* ---- In this process ---- */

static int check_session(const struct restoring *r)
{
	const struct saved_process *root = &r->images.tree.processes[0];

	if (!r->images.tree.nr || root->zombie)
		return image_error(&r->error, -EINVAL, r->options->dir, "its first process has ended");
	return family_check_sessions(&r->images.tree, r->options->shell_job, r->options->dir, &r->error);
}

static int check_confined(const struct restoring *r)
{
	char text[512];

	return confined_find(&r->images, text, sizeof(text))
		       ? image_error(&r->error, -EOPNOTSUPP, r->options->dir, "%s", text)
		       : 0;
}

static bool is_written(const Image__VmaEntry *vma)
{
	if (!(vma->status & SAVED_VMA_FILE_SHARED))
		return false;
	return vma->has_fdflags ? (vma->fdflags & O_ACCMODE) == O_RDWR : vma->prot & PROT_WRITE;
}

/* What is mapped may have to be open for more than its record says. */
static void note_mappings(const struct restoring *r)
{
	for (size_t i = 0; i < r->images.tree.nr; i++) {
		const Image__MmEntry *mm = r->images.tree.processes[i].mm;

		for (size_t j = 0; mm && j < mm->n_vmas; j++) {
			if (is_written(mm->vmas[j]))
				restore_files_mapped(r->images.files, mm->vmas[j]->shmid);
		}
	}
}

static int add_readonly(struct restoring *r, uint32_t id)
{
	struct memory_sources *sources = &r->sources;
	int fd = restore_files_fd(r->images.files, id), low;
	char path[64];
	size_t at;

	if (fd < 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY ||
	    image_lookup_find(&sources->readonly_by_id, id, &at))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	low = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, r->lowest);
	if (low >= 0)
		close(low);
	if (fd < 0)
		return image_error(&r->error, -errno, r->options->dir, "a mapped file: %s", strerror(errno));
	if (append(sources->readonly, sources->nr_readonly, fd)) {
		close(fd);
		return image_error(&r->error, -ENOMEM, r->options->dir, "%s", strerror(ENOMEM));
	}
	if (image_lookup_add(&sources->readonly_by_id, id, sources->nr_readonly - 1))
		return image_error(&r->error, -ENOMEM, r->options->dir, "%s", strerror(ENOMEM));
	return 0;
}

static int open_readonly(struct restoring *r)
{
	int ret = 0;

	for (size_t i = 0; i < r->nr; i++) {
		const Image__MmEntry *mm = r->troupes[i].saved->mm;

		for (size_t j = 0; j < mm->n_vmas && !ret; j++) {
			if (memory_wants_readonly(mm->vmas[j]))
				ret = add_readonly(r, mm->vmas[j]->shmid);
		}
	}
	return ret;
}

/* What processes inherit: with numbers that none of them uses. */
static int open_all(struct restoring *r)
{
	struct rlimit higher;
	int ret;

	/* Those of ours that are open keep room above, too. */
	r->lowest = restore_files_lowest(r->images.files);
	getrlimit(RLIMIT_NOFILE, &r->limit);
	higher.rlim_cur = higher.rlim_max = r->limit.rlim_max > 1 << 20 ? r->limit.rlim_max : 1 << 20;
	setrlimit(RLIMIT_NOFILE, &higher);
	note_mappings(r);
	r->keeper = held_take(&r->images, r->options->dir, &r->error);
	if (r->keeper < 0 && r->keeper != -ENOENT)
		return r->keeper;
	ret = restore_files_open(r->images.files, r->lowest, &r->error);
	ret = ret ? ret : open_readonly(r);
	if (!ret)
		ret = shms_make(&r->shms, &r->images.tree, r->images.dir, r->options->dir, r->lowest,
				&r->error);
	for (size_t i = 0; i < r->nr && !ret; i++)
		ret = memory_open(&r->troupes[i].memory, r->troupes[i].saved, &r->sources, r->images.dir,
				  r->lowest, &r->error);
	return ret;
}

static int make_troupes(struct restoring *r)
{
	r->troupes = calloc(r->images.tree.nr, sizeof(*r->troupes));
	if (!r->troupes)
		return image_error(&r->error, -ENOMEM, r->options->dir, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < r->images.tree.nr; i++) {
		const struct saved_process *saved = &r->images.tree.processes[i];
		struct troupe *troupe = &r->troupes[r->nr];

		if (saved->zombie)
			continue;
		r->nr++;
		*troupe = (struct troupe){ .saved = saved, .memory.pages.fd = -1 };
		troupe->players = calloc(saved->nr_threads, sizeof(*troupe->players));
		if (!troupe->players)
			return image_error(&r->error, -ENOMEM, r->options->dir, "%s", strerror(ENOMEM));
		troupe->nr = saved->nr_threads;
		for (size_t j = 0; j < troupe->nr; j++)
			troupe->players[j].saved = &saved->threads[j];
	}
	return 0;
}

/* ---- What becomes of it if this program is killed ---- */

static bool is_of_tree(pid_t pid, void *data)
{
	const struct restoring *r = data;

	for (size_t i = 0; i < r->images.tree.nr; i++) {
		const struct saved_process *process = &r->images.tree.processes[i];

		if (process->pid == pid || process->pgid == pid || process->sid == pid)
			return true;
		for (size_t j = 0; j < process->nr_threads; j++) {
			if (process->threads[j].tid == pid)
				return true;
		}
	}
	return false;
}

/* What else than processes is put back. */
static void abandon(struct restoring *r)
{
	pidfile_put_back(&r->pidfile);
	restore_files_abandon(r->images.files);
}

static void undo(void *data)
{
	struct restoring *r = data;

	if (r->whole) {
		restore_files_commit(r->images.files);
		return;
	}
	family_give_up(r->family);
	abandon(r);
}

static int start_warden(struct restoring *r)
{
	/* A group or session may have an id beside those of threads. */
	int ret = warden_start(is_of_tree, r->images.tree.nr_threads + 2 * r->images.tree.nr, undo, r);

	return ret ? image_error(&r->error, ret, r->options->dir, "nobody can watch over it: %s",
				 strerror(-ret))
		   : 0;
}

static int prepare(struct restoring *r)
{
	int ret = images_read(&r->images, r->options, &r->error);

	r->images_are_read = !ret;
	ret = ret ? ret : check_session(r);
	ret = ret ? ret : check_confined(r);
	if (!ret) {
		ret = vdso_find(&r->vdso);
		if (ret)
			image_error(&r->error, ret, "vdso", "%s", strerror(-ret));
	}
	r->sources = (struct memory_sources){
		.files = r->images.files,
		.shms = &r->shms,
		.vdso = &r->vdso,
		.path = r->options->dir,
	};
	ret = ret ? ret : make_troupes(r);
	ret = ret ? ret : start_warden(r);
	return ret ? ret : open_all(r);
}

/* ---- In the new processes ---- */

static int seize(struct restoring *r, struct troupe *troupe)
{
	int ret = puppet_seize(&troupe->players[0].puppet, troupe->saved->pid);
	char name[32];

	if (!ret)
		return 0;
	snprintf(name, sizeof(name), "%d", troupe->saved->pid);
	return image_error(&r->error, ret, name, "cannot be driven: %s", strerror(-ret));
}

static int count_pages(struct restoring *r, struct troupe *troupe)
{
	const struct image_pages *pages = &troupe->memory.pages;

	for (size_t i = 0; i < pages->nr; i++)
		r->stats.pages += pages->runs[i].size / IMAGE_PAGE_SIZE;
	return 0;
}

static int restore_memory(struct restoring *r, struct troupe *troupe)
{
	return memory_restore(&troupe->memory, &r->sources, &troupe->players[0].puppet, &r->error);
}

/* What was inherited is not needed any more, by any of those who may share a table. */
static int close_inherited(struct restoring *r, struct troupe *troupe)
{
	long ret = puppet_call(&troupe->players[0].puppet, SYS_close_range, r->lowest, ~0U, 0);

	return ret < 0 ? image_error(&r->error, ret, r->options->dir, "%d: %s", troupe->saved->pid,
				     strerror(-ret))
		       : 0;
}

static int restore_threads(struct restoring *r, struct troupe *troupe)
{
	struct puppet *leader = &troupe->players[0].puppet;
	int ret = 0;

	for (size_t i = 1; i < troupe->nr && !ret; i++)
		ret = thread_make(&troupe->players[i].puppet, leader, troupe->players[i].saved, &r->error);
	for (size_t i = 0; i < troupe->nr && !ret; i++)
		ret = thread_restore(&troupe->players[i].puppet, troupe->players[i].saved, &r->error);
	return ret;
}

static int restore_task(struct restoring *r, struct troupe *troupe)
{
	struct puppet *leader = &troupe->players[0].puppet;
	int ret = task_restore(leader, troupe->saved, &r->limit, &r->error);

	ret = ret ? ret : timers_restore(leader, troupe->saved, &r->error);
	ret = ret ? ret : signals_queue(leader, troupe->saved, &r->error);
	for (size_t i = 0; i < troupe->nr && !ret; i++)
		ret = signals_queue_thread(&troupe->players[i].puppet, troupe->players[i].saved, &r->error);
	return ret ? ret : signals_set_handlers(leader, troupe->saved, &r->error);
}

static int restore_creds(struct restoring *r, struct troupe *troupe)
{
	int ret = task_restore_future(&troupe->players[0].puppet, troupe->saved, &r->error);

	for (size_t i = 0; i < troupe->nr && !ret; i++)
		ret = creds_restore(&troupe->players[i].puppet, troupe->players[i].saved, &r->error);
	return ret ? ret : task_restore_dumpable(&troupe->players[0].puppet, troupe->saved, &r->error);
}

/* What breakpoints would undo. */
static int restore_trap(struct restoring *r, struct troupe *troupe)
{
	struct puppet *leader = &troupe->players[0].puppet;
	int ret = 0;

	for (size_t i = 0; i < troupe->nr && !ret; i++)
		ret = puppet_mute(&troupe->players[i].puppet);
	if (ret)
		return image_error(&r->error, ret, r->options->dir, "%d: signals: %s", troupe->saved->pid,
				   strerror(-ret));
	ret = signals_ignore_trap(leader, troupe->saved, &r->error);
	ret = ret ? ret : signals_queue_trap(leader, troupe->saved, &r->error);
	for (size_t i = 0; i < troupe->nr && !ret; i++)
		ret = signals_queue_thread_trap(&troupe->players[i].puppet, troupe->players[i].saved,
						&r->error);
	return ret;
}

/* The leader takes the puppets' own memory away when no other needs it any more. */
static int restore_registers(struct restoring *r, struct troupe *troupe)
{
	int ret = 0;

	for (size_t i = troupe->nr; i && !ret; i--) {
		struct player *player = &troupe->players[i - 1];

		ret = thread_registers(&player->puppet, player->saved, &player->regs, &r->error);
	}
	ret = ret ? ret : restore_trap(r, troupe);
	if (!ret && memory_leave(&troupe->memory, &troupe->players[0].puppet))
		ret = image_error(&r->error, -EFAULT, r->options->dir, "%d: its memory cannot be finished",
				  troupe->saved->pid);
	for (size_t i = 0; i < troupe->nr && !ret; i++)
		ret = thread_set_registers(troupe->saved, troupe->players[i].saved, &troupe->players[i].regs,
					   &r->error);
	return ret;
}

static int each(struct restoring *r, int (*step)(struct restoring *r, struct troupe *troupe))
{
	int ret = 0;

	for (size_t i = 0; i < r->nr && !ret; i++)
		ret = step(r, &r->troupes[i]);
	return ret;
}

/* Returns: 0 or the exit status; what is wrong is printed. */
static int restore_locks(struct restoring *r, const struct checkpoint *locks, struct kept_leases *kept)
{
	struct puppet **leaders;
	int status = STATUS_IN_THE_WAY;

	if (!locks->locks.nr)
		return 0;
	leaders = calloc(r->nr + 1, sizeof(*leaders));
	if (!leaders) {
		say("%s", strerror(ENOMEM));
		return status;
	}
	for (size_t i = 0; i < r->nr; i++)
		leaders[i] = &r->troupes[i].players[0].puppet;
	status = tree_take_locks(leaders, r->nr, locks, r->options, kept);
	free(leaders);
	return status;
}

/* While the processes have the descriptors that their memory is mapped from, and those that are in flight. */
static int restore_inherited_locks(struct restoring *r)
{
	struct checkpoint inherited;
	int ret = inherited_locks_split(&inherited, &r->images.locks, &r->images.tree, &r->sources,
					r->options->dir, &r->error);

	ret = ret ? ret : restore_locks(r, &inherited, NULL);
	inherited_locks_free(&inherited);
	return ret;
}

static struct puppet *find_puppet(void *data, pid_t tid)
{
	const struct restoring *r = data;

	for (size_t i = 0; i < r->nr; i++) {
		for (size_t j = 0; j < r->troupes[i].nr; j++) {
			struct puppet *puppet = &r->troupes[i].players[j].puppet;

			if (puppet->tid == tid)
				return puppet;
		}
	}
	return NULL;
}

/* ---- Letting go ---- */

static bool let_player_go(struct player *player)
{
	if (player->goes)
		return false;
	player->goes = true;
	return !ptrace(PTRACE_DETACH, player->saved->tid, 0, 0);
}

static bool is_stopped(const struct troupe *troupe)
{
	return saved_task(troupe->saved)->task_state == TASK_STOPPED;
}

/* One that is stopped does not wait. */
static bool let_waiter_go(pid_t tid, void *data)
{
	const struct restoring *r = data;

	for (size_t i = 0; i < r->nr; i++) {
		const struct troupe *troupe = &r->troupes[i];

		for (size_t j = 0; j < troupe->nr; j++) {
			if (troupe->players[j].saved->tid == tid)
				return !is_stopped(troupe) && let_player_go(&troupe->players[j]);
		}
	}
	return false;
}

/* While who holds the locks does not go on, for that one might release them. */
static void let_waiters_go(struct restoring *r)
{
	size_t unseen = lock_queues_let_go(&r->images.locks.queues, let_waiter_go, r);

	if (unseen)
		say_warning(
			"%zu threads were not seen to wait for their locks again: their order may be another",
			unseen);
}

/* They are not to end with this program any more. */
static int keep_alive(struct restoring *r, struct troupe *troupe)
{
	/* The signal waits until a thread looks for signals, which is the first that it does. */
	if (is_stopped(troupe))
		kill(troupe->saved->pid, SIGSTOP);
	for (size_t i = 0; i < troupe->nr; i++) {
		if (ptrace(PTRACE_SETOPTIONS, troupe->players[i].saved->tid, 0, 0))
			return image_error(&r->error, -errno, r->options->dir, "%d: %s", troupe->saved->pid,
					   strerror(errno));
	}
	return 0;
}

static void let_go(const struct troupe *troupe)
{
	for (size_t i = troupe->nr; i; i--)
		let_player_go(&troupe->players[i - 1]);
}

static void release(struct restoring *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		memory_close(&r->troupes[i].memory);
		for (size_t j = 0; j < r->troupes[i].nr; j++)
			image_regs_free(&r->troupes[i].players[j].regs);
		free(r->troupes[i].players);
	}
	free(r->troupes);
	free(r->kept.rows);
	for (size_t i = 0; i < r->sources.nr_readonly; i++)
		close(r->sources.readonly[i]);
	free(r->sources.readonly);
	image_lookup_free(&r->sources.readonly_by_id);
	if (r->keeper >= 0)
		close(r->keeper);
	pidfile_close(&r->pidfile);
	shms_free(&r->shms);
	family_free(r->family);
	images_close(&r->images);
}

/* Returns: 0, a negative errno value with r->error told, or the exit status, which was told. */
static int make_tree(struct restoring *r)
{
	const struct family_options family = {
		.sibling = r->options->sibling,
		.shell_job = r->options->shell_job,
	};
	uint64_t start = stats_now();
	int ret;

	processor_keep();
	ret = family_make(&r->family, &r->images.tree, r->images.files, &family, &r->error);

	r->stats.forking = stats_now() - start;
	ret = ret ? ret : each(r, seize);
	ret = ret ? ret : each(r, count_pages);
	progress_begin("restoring memory", r->stats.pages * IMAGE_PAGE_SIZE);
	ret = ret ? ret : each(r, restore_memory);
	progress_end();
	ret = ret ? ret : restore_inherited_locks(r);
	ret = ret ? ret : each(r, close_inherited);
	ret = ret ? ret : restore_locks(r, &r->images.locks, &r->kept);
	ret = ret ? ret : each(r, restore_threads);
	ret = ret ? ret : each(r, restore_task);
	ret = ret ? ret : notices_send(&r->kept, &r->images.tree, find_puppet, r, &r->error);
	ret = ret ? ret : each(r, restore_creds);
	ret = ret ? ret : each(r, restore_registers);
	return ret ? ret : restore_files_finish(r->images.files, &r->error);
}

static int act(struct restoring *r, const char *name)
{
	const struct action action = {
		.script = r->options->action_script,
		.dir = r->options->dir,
		.pid = r->family ? r->images.tree.processes[0].pid : 0,
	};

	return action_run(&action, name, &r->error);
}

/* What can still be refused: after this the processes go on. */
static int act_before(struct restoring *r)
{
	int ret = act(r, "post-restore");

	return ret ? ret : act(r, "pre-resume");
}

/* Returns: 0 or the exit status; what is wrong is printed. */
static int write_pidfile(struct restoring *r)
{
	return r->options->pidfile
		       ? pidfile_write(&r->pidfile, r->options->pidfile, r->images.tree.processes[0].pid)
		       : 0;
}

int tree_restore(const struct options *options, pid_t *root)
{
	char why[WHY_MAX] = "";
	struct restoring r = {
		.options = options,
		.images.dir = -1,
		.keeper = -1,
		.pidfile = PIDFILE_INIT,
		.error = { why, sizeof(why) },
	};
	uint64_t start = stats_now();
	int ret = prepare(&r);

	if (!ret) {
		ret = act(&r, "pre-restore");
		ret = ret ? ret : make_tree(&r);
		ret = ret ? ret : act_before(&r);
		ret = ret ? ret : write_pidfile(&r);
		/* Until then they end with this program, if someone kills it. */
		ret = ret ? ret : each(&r, keep_alive);
		if (ret && r.family)
			family_kill(r.family);
		r.whole = !ret;
		if (ret) {
			abandon(&r);
			warden_end();
		}
	} else if (ret < 0) {
		int status = r.images_are_read && ret != -EBADMSG ? STATUS_IN_THE_WAY : STATUS_IMAGE;

		abandon(&r);
		warden_end();
		say("%s", why);
		release(&r);
		return status;
	}
	if (!ret && r.keeper >= 0)
		hold_arrived(r.keeper);
	if (!ret)
		let_waiters_go(&r);
	for (size_t i = 0; i < r.nr && !ret; i++)
		let_go(&r.troupes[i]);
	if (!ret)
		restore_files_commit(r.images.files);
	warden_end();
	processor_leave();
	/* From now on orphans go where they would have gone. */
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	if (!ret) {
		*root = r.images.tree.processes[0].pid;
		r.stats.restore = stats_now() - start;
		restore_stats_write(&r.stats, r.images.dir, options->dir);
		if (options->verbose)
			say_info("%zu processes, %zu pages", r.images.tree.nr, (size_t)r.stats.pages);
		/* They go on whatever it says. */
		if (act(&r, "post-resume"))
			say("%s", why);
	}
	if (ret < 0) {
		say("%s", why);
		ret = STATUS_IN_THE_WAY;
	}
	release(&r);
	return ret;
}
