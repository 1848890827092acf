// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs/process.h"
#include "procfs/tree.h"
#include "trace/arch.h"
#include "trace/tree.h"
#include "trace/wait.h"

/* Where to say why it failed. */
struct reason {
	char *text;
	size_t size;
};

static int __attribute__((format(printf, 3, 4))) fail(struct reason *reason, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, reason->size, format, args);
	va_end(args);
	return err;
}

static struct trace_process *find_process(const struct trace_tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->nr; i++) {
		if (tree->processes[i].pid == pid)
			return &tree->processes[i];
	}
	return NULL;
}

bool trace_tree_has(const struct trace_tree *tree, pid_t pid)
{
	return find_process(tree, pid);
}

static bool has_thread(const struct trace_process *process, pid_t tid)
{
	for (size_t i = 0; i < process->nr_threads; i++) {
		if (process->threads[i].tid == tid)
			return true;
	}
	return false;
}

static struct trace_process *add_process(struct trace_tree *tree, pid_t pid)
{
	struct trace_process *p = reallocarray(tree->processes, tree->nr + 1, sizeof(*p));

	if (!p)
		return NULL;
	tree->processes = p;
	p += tree->nr++;
	*p = (struct trace_process){ .pid = pid };
	return p;
}

static int add_thread(struct trace_process *process, pid_t tid)
{
	struct trace_thread *t = reallocarray(process->threads, process->nr_threads + 1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	process->threads = t;
	t[process->nr_threads++] = (struct trace_thread){ .tid = tid };
	return 0;
}

static void drop_thread(struct trace_process *process, size_t i)
{
	process->nr_threads--;
	memmove(&process->threads[i], &process->threads[i + 1],
		(process->nr_threads - i) * sizeof(*process->threads));
}

/* Whether a thread has come to its end: what is left of it cannot be traced. */
static bool has_ended(pid_t tid)
{
	struct proc_stat stat;
	int err = proc_stat_of(tid, &stat);

	return err ? !proc_failed(err) : strchr("ZXx", stat.state) != NULL;
}

static int refuse_attach(struct reason *reason, pid_t tid, int err)
{
	struct proc_status status;
	int dir;

	if (tid == getpid())
		return fail(reason, -EDEADLK, "%d: this is the process that would stop it", tid);
	dir = proc_open(tid);
	if (dir >= 0 && !proc_status_read(dir, &status) && status.tracer) {
		close(dir);
		return fail(reason, -EPERM, "%d: is traced by process %d (which is to let it go first)", tid,
			    status.tracer);
	}
	if (dir >= 0)
		close(dir);
	return fail(reason, err, "%d: cannot be traced: %s%s", tid, strerror(-err),
		    err == -EPERM ? " (it takes root, or CAP_SYS_PTRACE)" : "");
}

/* Returns: 1 if the thread is about to stop, 0 if there is none any more. */
static int attach(struct reason *reason, pid_t tid)
{
	/* The option only matters where system calls are traced, and then tells their stops from signals. */
	if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD)) {
		int err = -errno;

		return has_ended(tid) ? 0 : refuse_attach(reason, tid, err);
	}
	/* If it has ended, the wait will see that. If not, it goes on, and is let go at the end of this process. */
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) && errno != ESRCH)
		return fail(reason, -errno, "%d: cannot be stopped: %s", tid, strerror(errno));
	return 1;
}

static int refuse_wait(struct reason *reason, pid_t tid, int err)
{
	char channel[64] = "";
	struct proc_stat stat = { .state = '?' };
	int dir = proc_open(tid);

	if (dir >= 0) {
		proc_stat_read(dir, &stat);
		proc_read(dir, "wchan", channel, sizeof(channel));
		close(dir);
	}
	return fail(reason, err, "%d: does not stop: %s (state %c, in %s)", tid, strerror(-err), stat.state,
		    *channel ? channel : "?");
}

/*
 * Some system calls fail when their thread is stopped, which it is not to notice. What has them made again is put
 * into its registers at once: it takes effect whenever the thread goes on, also when this program is killed.
 *
 * Returns: 0 or a negative errno value.
 */
static int mend_call(pid_t tid)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return -errno;
	if (iov.iov_len != sizeof(regs) || trace_arch_interruption(&regs) != TRACE_ENDED_EARLY)
		return 0;
	trace_arch_undo_end(&regs);
	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -errno : 0;
}

static void see_stop(struct trace_thread *thread, int status)
{
	thread->seen = true;
	thread->signum = trace_is_event_stop(status) ? 0 : WSTOPSIG(status);
}

/*
 * Waits until a thread that was interrupted has stopped where nothing is about to happen to it.
 *
 * Returns: 1 if so, 0 if it ended instead.
 */
static int settle(struct reason *reason, struct trace_thread *thread)
{
	int status, err;

	for (;;) {
		err = trace_wait(thread->tid, &status);
		if (err == -ECHILD)
			return 0;
		if (err)
			return refuse_wait(reason, thread->tid, err);
		if (!WIFSTOPPED(status))
			return 0;
		see_stop(thread, status);
		if (!thread->signum) {
			/* A job control stop has its signal here. */
			thread->was_stopped = WSTOPSIG(status) != SIGTRAP;
			thread->stop_signal = thread->was_stopped ? WSTOPSIG(status) : 0;
			err = mend_call(thread->tid);
			/* It was killed: that is seen later. */
			if (err && err != -ESRCH)
				return fail(reason, err, "%d: its registers: %s", thread->tid,
					    strerror(-err));
			thread->mended = true;
			return 1;
		}
		/*
		 * A signal came first, and the stop for it has used up the interruption. It is
		 * delivered now; the thread then stops before the handler's first instruction.
		 */
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0);
		/* If it was killed meanwhile, the wait will see that. */
		if (ptrace(PTRACE_CONT, thread->tid, 0, thread->signum) && errno != ESRCH)
			return fail(reason, -errno, "%d: signal %d is kept from it: %s", thread->tid,
				    thread->signum, strerror(errno));
		thread->seen = false;
		thread->signum = 0;
	}
}

/* Whether an error of reading /proc says that a process or thread is not there any more. */
static bool is_gone(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

/* Stops the threads of a process that are not stopped yet. Returns: how many came to be stopped. */
static int stop_threads(struct reason *reason, struct trace_process *process)
{
	struct proc_pids tids = { 0 };
	size_t old = process->nr_threads;
	int dir = proc_open(process->pid), err;

	if (dir < 0)
		return proc_failed(dir) ? fail(reason, dir, "%d: %s", process->pid, strerror(-dir)) : 0;
	err = proc_pids_threads(&tids, dir);
	close(dir);
	if (is_gone(err))
		err = 0;
	for (size_t i = 0; err >= 0 && i < tids.nr; i++) {
		if (has_thread(process, tids.pids[i]))
			continue;
		err = attach(reason, tids.pids[i]);
		if (err > 0)
			err = add_thread(process, tids.pids[i]);
	}
	proc_pids_free(&tids);
	for (size_t i = old; err >= 0 && i < process->nr_threads;) {
		err = settle(reason, &process->threads[i]);
		if (!err)
			drop_thread(process, i);
		else
			i++;
	}
	return err < 0 ? err : (int)(process->nr_threads - old);
}

static int stop_process(struct reason *reason, struct trace_process *process)
{
	int nr = 0, more;

	/* A thread can make others until it stops: again, until none is new. */
	do {
		more = stop_threads(reason, process);
		nr += more > 0 ? more : 0;
	} while (more > 0);
	process->zombie = !process->nr_threads;
	return more < 0 ? more : nr;
}

/* Returns: 0 or a negative errno value; is_gone() tells whether that is what it says. */
static int note_parent(struct trace_process *process)
{
	struct proc_stat stat;
	int err = proc_stat_of(process->pid, &stat);

	if (!err)
		process->ppid = stat.ppid;
	return err;
}

/* Who was listed and is gone altogether is not part of the tree. Returns: 0 or a negative errno value. */
static int drop_gone(struct trace_tree *tree)
{
	size_t nr = 0;
	int ret = 0;

	for (size_t i = 0; i < tree->nr; i++) {
		struct trace_process *process = &tree->processes[i];
		int err = note_parent(process);

		if (err && !is_gone(err))
			ret = err;
		if (!is_gone(err) || process->nr_threads)
			tree->processes[nr++] = *process;
		else
			free(process->threads);
	}
	tree->nr = nr;
	return ret;
}

/*
 * Stops what there is now. The processes come from /proc as a whole: what /proc/PID/task/TID/children
 * shows can lack some while others come to their end.
 *
 * Returns: how many processes and threads were new.
 */
static int stop_round(struct reason *reason, struct trace_tree *tree, pid_t root, bool descendants)
{
	struct proc_pids pids = { 0 };
	struct trace_process *process;
	int err = 0, nr = 0;

	if (descendants)
		err = proc_pids_tree(&pids, root);
	for (size_t i = 0; err >= 0 && i < (descendants ? pids.nr : 1); i++) {
		pid_t pid = descendants ? pids.pids[i] : root;

		process = find_process(tree, pid);
		if (!process) {
			process = add_process(tree, pid);
			nr++;
		}
		err = process ? stop_process(reason, process) : -ENOMEM;
		nr += err > 0 ? err : 0;
	}
	proc_pids_free(&pids);
	return err < 0 ? err : nr;
}

static bool has_parent_behind(const struct trace_tree *tree, size_t i, size_t from)
{
	for (size_t j = from; j < tree->nr; j++) {
		if (j != i && tree->processes[j].pid == tree->processes[i].ppid)
			return true;
	}
	return false;
}

/* An early round can have found a process before one that has adopted it since. */
static void sort_tree(struct trace_tree *tree)
{
	struct trace_process next;
	size_t j;

	for (size_t i = 1; i < tree->nr; i++) {
		for (j = i; j < tree->nr && has_parent_behind(tree, j, i);)
			j++;
		if (j == i || j == tree->nr)
			continue;
		next = tree->processes[j];
		memmove(&tree->processes[i + 1], &tree->processes[i], (j - i) * sizeof(next));
		tree->processes[i] = next;
	}
}

static bool is_process(pid_t pid)
{
	struct proc_status status;
	int dir = proc_open(pid);
	bool is;

	if (dir < 0)
		return false;
	is = !proc_status_read(dir, &status) && status.tgid == pid;
	close(dir);
	return is;
}

int trace_tree_stop(struct trace_tree *tree, pid_t root, bool descendants, char *why, size_t size)
{
	struct reason reason = { why, size };
	int nr;

	*tree = (struct trace_tree){ 0 };
	if (size)
		*why = '\0';
	if (root <= 0 || !is_process(root))
		return fail(&reason, -ESRCH, "%d: no such process", root);
	do
		nr = stop_round(&reason, tree, root, descendants);
	while (nr > 0);
	nr = nr ?: drop_gone(tree);
	if (!nr && !trace_tree_has(tree, root))
		nr = fail(&reason, -ESRCH, "%d: no such process", root);
	if (!nr) {
		sort_tree(tree);
		return 0;
	}
	trace_tree_release(tree);
	if (size && !*why)
		fail(&reason, nr, "%d: %s", root, strerror(-nr));
	return nr;
}

long trace_repeated_call(pid_t tid)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) || iov.iov_len != sizeof(regs) ||
	    (trace_arch_interruption(&regs) != TRACE_TO_REPEAT &&
	     trace_arch_interruption(&regs) != TRACE_UNLESS_HANDLED))
		return -1;
	return trace_arch_call_number(&regs);
}

/* Returns: 0 or a negative errno value. */
static int check_process(struct reason *reason, const struct trace_process *process)
{
	uint64_t mask;

	for (size_t i = 0; i < process->nr_threads; i++) {
		pid_t tid = process->threads[i].tid;

		if (!ptrace(PTRACE_GETSIGMASK, tid, sizeof(mask), &mask))
			continue;
		if (errno == ESRCH)
			return fail(reason, -ESRCH, "%d: was killed meanwhile", process->pid);
		return fail(reason, -errno, "%d: is it still stopped: %s", tid, strerror(errno));
	}
	return 0;
}

int trace_tree_check(const struct trace_tree *tree, char *why, size_t size)
{
	struct reason reason = { why, size };
	int err = 0;

	for (size_t i = 0; !err && i < tree->nr; i++)
		err = check_process(&reason, &tree->processes[i]);
	return err;
}

/* Returns: whether it goes on. It was stopped, or else it may have stopped just now, with its call not mended. */
static bool detach(const struct trace_thread *thread)
{
	return !ptrace(PTRACE_DETACH, thread->tid, 0, (long)thread->signum);
}

/* Of a child of this process, which others wait for, only what has stopped is let go. */
static bool is_own(const struct trace_process *process)
{
	return process->ppid == getpid();
}

static void release_thread(const struct trace_process *process, struct trace_thread *thread)
{
	int status;

	if ((thread->seen && detach(thread)) || is_own(process))
		return;
	/*
	 * It has not stopped yet, and is let go once it has. Or it was killed: its process, and that one's parent, hear
	 * of that only after its tracer.
	 */
	while (!trace_wait(thread->tid, &status) && WIFSTOPPED(status)) {
		see_stop(thread, status);
		if (!thread->signum)
			mend_call(thread->tid);
		if (detach(thread))
			return;
	}
}

static bool release_early(struct trace_process *process, pid_t tid)
{
	for (size_t i = 0; i < process->nr_threads; i++) {
		if (process->threads[i].tid != tid)
			continue;
		/* One that was killed is waited for with all others of its process. */
		if (ptrace(PTRACE_DETACH, tid, 0, 0))
			return false;
		drop_thread(process, i);
		return true;
	}
	return false;
}

bool trace_tree_release_thread(struct trace_tree *tree, pid_t tid)
{
	for (size_t i = 0; i < tree->nr; i++) {
		if (release_early(&tree->processes[i], tid))
			return true;
	}
	return false;
}

/*
 * Where the stop of others failed, nobody may have looked at this one yet: its call is mended now, and the signal
 * that it has stopped for is delivered. Returns: whether it had stopped.
 */
static bool release_if_stopped(const struct trace_process *process, struct trace_thread *thread)
{
	int status;

	if (is_own(process))
		return detach(thread);
	if (!thread->seen) {
		if (waitpid(thread->tid, &status, __WALL | WNOHANG) != thread->tid || !WIFSTOPPED(status))
			return false;
		see_stop(thread, status);
	}
	if (!thread->mended && !thread->signum)
		mend_call(thread->tid);
	return detach(thread);
}

/* All that have stopped: none is to wait for one that has not, and may not for long. */
static void release_stopped(struct trace_process *process)
{
	for (size_t j = process->nr_threads; j; j--) {
		if (release_if_stopped(process, &process->threads[j - 1]))
			drop_thread(process, j - 1);
	}
}

void trace_tree_release(struct trace_tree *tree)
{
	for (size_t i = 0; i < tree->nr; i++)
		release_stopped(&tree->processes[i]);
	for (size_t i = 0; i < tree->nr; i++) {
		struct trace_process *process = &tree->processes[i];

		/* The thread that is the process last: it cannot be waited for before the others. */
		for (size_t j = process->nr_threads; j; j--)
			release_thread(process, &process->threads[j - 1]);
		free(process->threads);
	}
	free(tree->processes);
	*tree = (struct trace_tree){ 0 };
}
