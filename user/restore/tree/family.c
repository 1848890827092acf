// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/status.h"
#include "procfs/process.h"
#include "restore/tree/family.h"
#include "restore/tree/taken.h"

/*
 * The steps that the processes take together. A process says by `arrived` that it has done what belongs to a step,
 * and does the next when `step` says so.
 */
enum step {
	STEP_MAKE, /* each makes its children; leaders make their sessions and groups */
	STEP_JOIN, /* the others join the groups */
	STEP_SETTLE, /* zombies end, the others set up descriptors and directories */
	STEP_WAIT,
	STEP_FAILED,
};

/* Of each process. */
enum made {
	NOT_MADE,
	MADE, /* it is ours, and lives */
	ENDS, /* it is to */
};

/* Shared by all. */
struct board {
	atomic_uint step;
	atomic_uint arrived;
	atomic_int error; /* the first that failed writes it, and then the text */
	atomic_uint told;
	char text[1024];
	atomic_uchar made[]; /* enum made, by the index in the tree */
};

struct family {
	const struct saved_tree *tree;
	const struct restore_files *files;
	struct family_options options;
	struct board *board;
	pid_t root; /* 0: it is not there */
};

/* ---- The board ---- */

static void futex_wait(atomic_uint *word, unsigned int value, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout, NULL, 0);
}

static void futex_wake(atomic_uint *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, ~0U >> 1, NULL, NULL, 0);
}

static void arrive(struct board *board)
{
	atomic_fetch_add(&board->arrived, 1);
	futex_wake(&board->arrived);
}

/* In a new process. Only the first to fail is heard. */
static void __attribute__((noreturn, format(printf, 3, 4)))
give_up(struct board *board, int error, const char *format, ...)
{
	int none = 0;
	va_list args;

	if (atomic_compare_exchange_strong(&board->error, &none, error ? error : -EIO)) {
		va_start(args, format);
		vsnprintf(board->text, sizeof(board->text), format, args);
		va_end(args);
		atomic_store(&board->told, 1);
	}
	arrive(board);
	_exit(STATUS_IN_THE_WAY);
}

static void await_step(struct board *board, enum step step)
{
	const struct timespec moment = { 0, 100000000 };
	unsigned int now;

	while ((now = atomic_load(&board->step)) < step)
		futex_wait(&board->step, now, &moment);
	if (now == STEP_FAILED)
		_exit(STATUS_IN_THE_WAY);
}

/* ---- A new process ---- */

static const struct saved_process *parent_of(const struct family *family, const struct saved_process *process)
{
	return process->parent == SAVED_NO_PARENT ? NULL : &family->tree->processes[process->parent];
}

static bool same(const Image__TaskKobjIdsEntry *a, const Image__TaskKobjIdsEntry *b, size_t offset)
{
	return *(const uint32_t *)((const char *)a + offset) == *(const uint32_t *)((const char *)b + offset);
}

#define SAME(a, b, field) same(a, b, offsetof(Image__TaskKobjIdsEntry, field))

/* What a process has in common with its parent. */
static uint64_t sharing_flags(const struct family *family, const struct saved_process *process)
{
	const struct saved_process *parent = parent_of(family, process);
	uint64_t flags = 0;

	if (!parent || !parent->ids || !process->ids)
		return 0;
	if (SAME(parent->ids, process->ids, files_id))
		flags |= CLONE_FILES;
	if (SAME(parent->ids, process->ids, fs_id))
		flags |= CLONE_FS;
	return flags;
}

static unsigned int exit_signal_of(const struct saved_process *process)
{
	const Image__TaskCoreEntry *task = saved_task(process);

	return task->has_exit_signal && task->exit_signal >= 0 && task->exit_signal <= 64
		       ? (unsigned int)task->exit_signal
		       : SIGCHLD;
}

static void run(struct family *family, const struct saved_process *process) __attribute__((noreturn));

/* Returns: the pid in the parent, 0 in the new process, or a negative errno value. */
static pid_t spawn(pid_t pid, uint64_t flags, unsigned int exit_signal)
{
	struct clone_args args = {
		.flags = flags,
		/* With CLONE_PARENT it is the parent's own. */
		.exit_signal = flags & CLONE_PARENT ? 0 : exit_signal,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long ret = syscall(SYS_clone3, &args, sizeof(args));

	return ret < 0 ? -errno : ret;
}

static const char *why_not(int error)
{
	return error == -EEXIST ? "the pid is taken" TAKEN_HINT : strerror(-error);
}

static void set_made(const struct family *family, const struct saved_process *process, enum made made)
{
	atomic_store(&family->board->made[process - family->tree->processes], made);
}

static void make_child(struct family *family, const struct saved_process *child)
{
	pid_t pid = spawn(child->pid, sharing_flags(family, child), exit_signal_of(child));

	if (!pid)
		run(family, child);
	if (pid < 0)
		give_up(family->board, pid, "%d: cannot be made: %s", child->pid, why_not(pid));
	/* It may be killed before it says so. It does not end before this process has arrived. */
	set_made(family, child, MADE);
}

static bool is_made_before(const struct saved_process *child, const struct saved_process *parent)
{
	return saved_made_before(child->pid, child->sid, parent->sid);
}

static void make_children(struct family *family, const struct saved_process *process, bool before)
{
	for (size_t i = 0; i < family->tree->nr; i++) {
		const struct saved_process *child = &family->tree->processes[i];

		if (parent_of(family, child) == process && is_made_before(child, process) == before)
			make_child(family, child);
	}
}

/* The leader of a group may have ended: then someone must stand for it until the others have joined. */
static bool stands_for_leader(const struct family *family, const struct saved_process *process)
{
	if (saved_find(family->tree, process->pgid))
		return false;
	/* The first of its members, not of a group that was there before the tree. */
	for (size_t i = 0; i < family->tree->nr; i++) {
		if (family->tree->processes[i].pgid == process->pgid)
			return i && &family->tree->processes[i] == process;
	}
	return false;
}

static pid_t make_stand_in(struct family *family, const struct saved_process *process)
{
	pid_t pid = spawn(process->pgid, 0, 0);

	if (pid < 0)
		give_up(family->board, pid, "%d: its process group %d cannot be made: %s", process->pid,
			process->pgid, why_not(pid));
	if (pid) {
		if (setpgid(pid, pid))
			give_up(family->board, -errno, "%d: its process group %d: %s", process->pid,
				process->pgid, strerror(errno));
		return pid;
	}
	await_step(family->board, STEP_SETTLE);
	_exit(0);
}

static void join_group(struct family *family, const struct saved_process *process)
{
	const struct saved_process *root = &family->tree->processes[0];

	if (getpgrp() == process->pgid)
		return;
	/* A job of a shell stays in that shell's group. */
	if (family->options.shell_job && process->pgid == root->pgid && root->pgid != root->pid)
		return;
	if (setpgid(0, process->pgid))
		give_up(family->board, -errno, "%d: cannot join process group %d: %s", process->pid,
			process->pgid, strerror(errno));
}

static void __attribute__((noreturn)) end_as_zombie(const struct saved_process *process)
{
	int status = saved_task(process)->exit_code;
	struct rlimit no_core = { 0, 0 };
	sigset_t all;

	prctl(PR_SET_NAME, saved_task(process)->comm);

	if (!WIFSIGNALED(status))
		_exit(WEXITSTATUS(status));
	/* A program that takes core dumps would get this one's memory. */
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	kill(getpid(), WTERMSIG(status));
	_exit(128 + WTERMSIG(status));
}

static void enter_directories(struct family *family, const struct saved_process *process)
{
	int root = restore_files_fd(family->files, process->fs->root_id);
	int cwd = restore_files_fd(family->files, process->fs->cwd_id);

	if (root < 0 || fchdir(root) || chroot("."))
		give_up(family->board, -errno, "%d: its root directory: %s", process->pid, strerror(errno));
	if (cwd < 0 || fchdir(cwd))
		give_up(family->board, -errno, "%d: its working directory: %s", process->pid,
			strerror(errno));
	if (process->fs->has_umask)
		umask(process->fs->umask);
}

/* Handlers of this program, and what it was told to ignore, are none of the tree's. */
static void reset_signals(void)
{
	/* As the kernel has it: libc would leave a flag. */
	static const uint64_t none[4];

	for (int signal = 1; signal <= SIGRTMAX; signal++)
		syscall(SYS_rt_sigaction, signal, none, NULL, sizeof(*none));
}

static void install_files(struct family *family, const struct saved_process *process)
{
	char why[512] = "";
	const struct image_error error = { why, sizeof(why) };
	int ret = restore_files_install(family->files, process->ids->files_id, &error);

	if (ret)
		give_up(family->board, ret, "%d: %s", process->pid, *why ? why : strerror(-ret));
}

/* Of a session that it leads. */
static void with_terminal(struct family *family, const struct saved_process *process,
			  int (*what)(const struct restore_files *files, pid_t sid,
				      const struct image_error *error))
{
	char why[512] = "";
	const struct image_error error = { why, sizeof(why) };
	int ret = process->sid == process->pid ? what(family->files, process->sid, &error) : 0;

	if (ret)
		give_up(family->board, ret, "%d: %s", process->pid, *why ? why : strerror(-ret));
}

static void run(struct family *family, const struct saved_process *process)
{
	struct board *board = family->board;
	uint64_t shared = sharing_flags(family, process);
	pid_t stand_in = 0;
	int status;

	set_made(family, process, MADE);
	reset_signals();
	make_children(family, process, true);
	if (process->sid == process->pid && setsid() < 0)
		give_up(board, -errno, "%d: cannot lead a session: %s", process->pid, strerror(errno));
	/* Those that are made from here on have it too. */
	with_terminal(family, process, restore_files_terminal);
	if (process->pgid == process->pid && getpgrp() != process->pid && setpgid(0, 0))
		give_up(board, -errno, "%d: cannot lead a process group: %s", process->pid, strerror(errno));
	make_children(family, process, false);
	if (stands_for_leader(family, process))
		stand_in = make_stand_in(family, process);
	arrive(board);

	await_step(board, STEP_JOIN);
	join_group(family, process);
	arrive(board);

	await_step(board, STEP_SETTLE);
	if (stand_in)
		waitpid(stand_in, &status, __WALL);
	if (process->zombie) {
		set_made(family, process, ENDS);
		arrive(board);
		end_as_zombie(process);
	}
	with_terminal(family, process, restore_files_foreground);
	if (!(shared & CLONE_FILES))
		install_files(family, process);
	if (!(shared & CLONE_FS))
		enter_directories(family, process);
	arrive(board);
	/* From here it is driven. */
	for (;;)
		pause();
}

/* ---- crrestore ---- */

/* Whether one that is to live does not: it was killed from outside, or ended without a word. */
static bool is_one_lost(const struct family *family)
{
	for (size_t i = 0; i < family->tree->nr; i++) {
		const struct saved_process *process = &family->tree->processes[i];
		struct proc_stat stat;
		int err;

		if (atomic_load(&family->board->made[i]) != MADE)
			continue;
		err = proc_stat_of(process->pid, &stat);
		if (err == -ENOENT || err == -ESRCH || (!err && (stat.state == 'Z' || stat.state == 'X')))
			return true;
	}
	return false;
}

/* Waits until all have arrived. Whoever fails arrives too. Returns: 0 or a negative errno value. */
static int await_all(struct family *family, unsigned int nr)
{
	const struct timespec moment = { 0, 100000000 };
	struct board *board = family->board;
	unsigned int now;

	while ((now = atomic_load(&board->arrived)) < nr && !atomic_load(&board->error)) {
		futex_wait(&board->arrived, now, &moment);
		/* Those that have arrived, or failed, have not ended without a word. */
		if (atomic_load(&board->arrived) == now && is_one_lost(family) && !atomic_load(&board->error))
			return -ECHILD;
	}
	return atomic_load(&board->error);
}

static int fail(struct family *family, int ret, const struct image_error *error)
{
	struct board *board = family->board;
	pid_t root = family->tree->processes[0].pid;

	/* The text comes a moment after the error. */
	if (atomic_load(&board->error)) {
		while (!atomic_load(&board->told) && !is_one_lost(family))
			futex_wait(&board->told, 0, &(struct timespec){ 0, 1000000 });
		snprintf(error->text, error->size, "%s",
			 atomic_load(&board->told) ? board->text : "a process was killed");
	} else {
		snprintf(error->text, error->size, "%d: cannot be made: %s", root, why_not(ret));
	}
	atomic_store(&board->step, STEP_FAILED);
	futex_wake(&board->step);
	family_kill(family);
	return ret;
}

static size_t board_size(const struct saved_tree *tree)
{
	return sizeof(struct board) + tree->nr * sizeof(atomic_uchar);
}

/* The session that a process gets from its parent. 0: that of this program. */
static pid_t session_from_parent(const struct saved_tree *tree, size_t i, const pid_t *sessions)
{
	const struct saved_process *process = &tree->processes[i], *parent;

	if (process->parent == SAVED_NO_PARENT)
		return 0;
	parent = &tree->processes[process->parent];
	return is_made_before(process, parent) ? sessions[process->parent] : parent->sid;
}

int family_check_sessions(const struct saved_tree *tree, bool shell_job, const char *path,
			  const struct image_error *error)
{
	pid_t *sessions = calloc(tree->nr, sizeof(*sessions));
	int ret = 0;

	if (!sessions)
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < tree->nr && !ret; i++) {
		const struct saved_process *process = &tree->processes[i];

		sessions[i] = session_from_parent(tree, i, sessions);
		if (process->zombie || process->sid == process->pid || process->sid == sessions[i] ||
		    (shell_job && !sessions[i] && !saved_find(tree, process->sid)))
			continue;
		if (saved_find(tree, process->sid))
			ret = image_error(error, -EINVAL, path,
					  "process %d is in session %d, which none of its ancestors began",
					  process->pid, process->sid);
		else
			ret = image_error(
				error, -EINVAL, path,
				"process %d was in a session of others (%d); --shell-job puts it into this one",
				process->pid, process->sid);
	}
	free(sessions);
	return ret;
}

int family_make(struct family **out, const struct saved_tree *tree, const struct restore_files *files,
		const struct family_options *options, const struct image_error *error)
{
	const struct saved_process *root = &tree->processes[0];
	struct family *family = calloc(1, sizeof(*family));
	pid_t pid;
	int ret;

	*out = family;
	if (!family)
		return image_error(error, -ENOMEM, "processes", "%s", strerror(ENOMEM));
	*family = (struct family){ .tree = tree, .files = files, .options = *options };
	family->board =
		mmap(NULL, board_size(tree), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (family->board == MAP_FAILED) {
		family->board = NULL;
		return image_error(error, -ENOMEM, "processes", "%s", strerror(ENOMEM));
	}
	/* Whoever is orphaned when something fails is to come here, and to its end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = spawn(root->pid, options->sibling ? CLONE_PARENT : 0, SIGCHLD);
	if (!pid)
		run(family, root);
	if (pid < 0)
		return fail(family, pid, error);
	family->root = pid;
	set_made(family, root, MADE);
	for (enum step step = STEP_JOIN; step <= STEP_WAIT; step++) {
		ret = await_all(family, tree->nr * step);
		if (ret)
			return fail(family, ret, error);
		atomic_store(&family->board->step, step);
		futex_wake(&family->board->step);
	}
	return 0;
}

static void reap(pid_t tid)
{
	int status;

	do {
		while (waitpid(tid, &status, __WALL) < 0) {
			if (errno != EINTR)
				return;
		}
	} while (WIFSTOPPED(status));
}

/* A pid of the tree may be another's, for want of which it could not be made. */
static void kill_all(const struct family *family)
{
	for (size_t i = 0; i < family->tree->nr; i++) {
		if (atomic_load(&family->board->made[i]))
			kill(family->tree->processes[i].pid, SIGKILL);
	}
}

void family_give_up(struct family *family)
{
	if (!family || !family->board)
		return;
	/* Who has only just been made ends by itself. */
	atomic_store(&family->board->step, STEP_FAILED);
	futex_wake(&family->board->step);
	kill_all(family);
}

void family_kill(struct family *family)
{
	/* Nobody was made. */
	if (!family->board)
		return;
	kill_all(family);
	/* Orphans come to this process, see family_make(). */
	for (size_t i = 0; i < family->tree->nr; i++) {
		const struct saved_process *process = &family->tree->processes[i];

		/* The leader is found to have ended only after its threads. */
		for (size_t j = process->nr_threads; j && atomic_load(&family->board->made[i]); j--)
			reap(process->threads[j - 1].tid);
		/* From now on the pid may be another's. */
		set_made(family, process, NOT_MADE);
	}
	family->root = 0;
}

void family_free(struct family *family)
{
	if (!family)
		return;
	if (family->board)
		munmap(family->board, board_size(family->tree));
	free(family);
}
