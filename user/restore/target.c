// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/say.h"
#include "image/status.h"
#include "restore/file.h"
#include "restore/target.h"

static int __attribute__((format(printf, 3, 4))) fail(char *why, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_MAX, format, args);
	va_end(args);
	return status;
}

/* ---- System calls in the target ---- */

static int remote_of(struct target *target, struct trace_remote **remote)
{
	char why[WHY_MAX];
	int err = 0;

	if (!target->remote) {
		err = trace_remote_open(&target->remote, target->stopped.processes[0].threads[0].tid, why,
					sizeof(why));
		if (err)
			say("%s", why);
		else
			*target->fall = trace_remote_fall(target->remote);
	}
	*remote = target->remote;
	return err;
}

static int call(struct target *target, long nr, int fd, long second, long third)
{
	struct trace_remote *remote;
	long result;
	int err = remote_of(target, &remote);

	err = err ?: trace_remote_call(remote, nr, (unsigned long[6]){ fd, second, third }, &result);
	return err ?: (int)result;
}

static int target_flock(void *data, int fd, int operation)
{
	return call(data, SYS_flock, fd, operation, 0);
}

static int target_fcntl(void *data, int fd, int cmd, long arg)
{
	return call(data, SYS_fcntl, fd, cmd, arg);
}

static int target_fcntl_struct(void *data, int fd, int cmd, void *arg, size_t size)
{
	struct target *target = data;
	struct trace_remote *remote;
	unsigned long address;
	int err = remote_of(target, &remote), ret;

	err = err ?: trace_remote_write(remote, arg, size, &address);
	if (err)
		return err;
	ret = call(target, SYS_fcntl, fd, cmd, address);
	return ret < 0 ? ret : trace_remote_read(remote, arg, size) ?: ret;
}

/* ---- Stopping ---- */

int targets_find(struct plan *plan, char why[WHY_MAX])
{
	for (size_t i = 0; i < plan->nr_targets; i++) {
		struct target *target = &plan->targets[i];

		target->pidfd = syscall(SYS_pidfd_open, target->pid, 0);
		if (target->pidfd < 0)
			return fail(why, STATUS_NO_PROCESS, "%d: %s", target->pid,
				    errno == ESRCH || errno == EINVAL ? "no such process" : strerror(errno));
	}
	return 0;
}

bool target_is_gone(const struct target *target)
{
	return syscall(SYS_pidfd_send_signal, target->pidfd, 0, NULL, 0) && errno == ESRCH;
}

int target_stop(struct target *target, char why[WHY_MAX])
{
	int err;

	err = trace_tree_stop(&target->stopped, target->pid, false, why, WHY_MAX);
	if (err)
		return STATUS_NO_PROCESS;
	if (target->stopped.processes[0].zombie)
		return fail(why, STATUS_NO_PROCESS, "%d: has ended, and is a zombie", target->pid);
	/* The pid may have gone to another process before it was stopped; then this one is gone. */
	if (target_is_gone(target))
		return fail(why, STATUS_NO_PROCESS, "%d: no such process", target->pid);
	target->actor = (struct lock_actor){
		.flock = target_flock,
		.fcntl = target_fcntl,
		.fcntl_struct = target_fcntl_struct,
		.data = target,
	};
	return 0;
}

static void close_target(struct target *target)
{
	if (trace_remote_close(target->remote))
		say("%d: was not put back as it was; was it killed?", target->pid);
	target->remote = NULL;
	trace_tree_release(&target->stopped);
}

/* ---- Descriptors ---- */

static int duplicate(struct planned_file *file, char *why)
{
	const struct planned_descriptor *first = &file->descriptors[0];

	file->fd = syscall(SYS_pidfd_getfd, first->target->pidfd, first->fd, 0);
	if (file->fd >= 0)
		return 0;
	if (errno == EBADF)
		return fail(why, STATUS_IN_THE_WAY, "%d: descriptor %d: is not open; it was %s",
			    first->target->pid, first->fd, file->file->path);
	return fail(why, STATUS_NO_PROCESS, "%d: descriptor %d: %s", first->target->pid, first->fd,
		    strerror(errno));
}

static int check_file(const struct planned_file *file, char *why)
{
	const struct planned_descriptor *first = &file->descriptors[0];

	if (!file_is_same(file->file, file->fd))
		return fail(why, STATUS_IN_THE_WAY, "%d: descriptor %d: is not the file that it was: %s",
			    first->target->pid, first->fd, file->file->path);
	for (size_t i = 1; i < file->nr_descriptors; i++) {
		const struct planned_descriptor *other = &file->descriptors[i];

		if (!syscall(SYS_kcmp, first->target->pid, other->target->pid, KCMP_FILE, first->fd,
			     other->fd))
			continue;
		return fail(why, STATUS_IN_THE_WAY,
			    "%d: descriptor %d: does not share an open of %s with descriptor %d of %d",
			    other->target->pid, other->fd, file->file->path, first->fd, first->target->pid);
	}
	return 0;
}

static int check_access(const struct planned_lock *lock, char *why)
{
	int flags = fcntl(lock->file->fd, F_GETFL);
	const char *lacking = file_lacks_access(lock->lock, flags);

	/* The number is there, so that something is open, but locks are of no use with O_PATH. */
	if (flags & O_PATH)
		lacking = "more than its path";
	if (!lacking)
		return 0;
	return fail(why, STATUS_IN_THE_WAY, "%d: descriptor %d: %s is not open for %s", lock->by->target->pid,
		    lock->by->fd, lock->file->file->path, lacking);
}

static int compare_descriptions(const void *a, const void *b)
{
	const struct planned_file *x = *(struct planned_file *const *)a;
	const struct planned_file *y = *(struct planned_file *const *)b;
	static const int order[] = { 0, -1, 1, 0 };
	long ret = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, x->fd, y->fd);

	return ret < 0 || ret > 3 ? 0 : order[ret];
}

/* What was opened apart must be apart, or locks would take each other's place. */
static int check_apart(const struct plan *plan, char *why)
{
	struct planned_file **sorted = calloc(plan->nr_files + 1, sizeof(*sorted));
	int status = 0;

	if (!sorted)
		return fail(why, STATUS_IN_THE_WAY, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < plan->nr_files; i++)
		sorted[i] = &plan->files[i];
	/* kcmp() has an order for this, see kcmp(2). */
	qsort(sorted, plan->nr_files, sizeof(*sorted), compare_descriptions);
	for (size_t i = 1; i < plan->nr_files && !status; i++) {
		const struct planned_descriptor *x = &sorted[i - 1]->descriptors[0];
		const struct planned_descriptor *y = &sorted[i]->descriptors[0];

		if (!compare_descriptions(&sorted[i - 1], &sorted[i]))
			status = fail(why, STATUS_IN_THE_WAY,
				      "%d: descriptor %d: shares an open of %s with descriptor %d of %d, "
				      "which it did not",
				      y->target->pid, y->fd, sorted[i]->file->path, x->fd, x->target->pid);
	}
	free(sorted);
	return status;
}

int targets_open(struct plan *plan, char why[WHY_MAX])
{
	int status = 0;

	for (size_t i = 0; i < plan->nr_targets && !status; i++)
		status = target_stop(&plan->targets[i], why);
	for (size_t i = 0; i < plan->nr_files && !status; i++) {
		status = duplicate(&plan->files[i], why);
		status = status ?: check_file(&plan->files[i], why);
	}
	for (size_t i = 0; i < plan->nr_locks && !status; i++)
		status = check_access(&plan->locks[i], why);
	return status ?: check_apart(plan, why);
}

void targets_close(struct plan *plan)
{
	/* The locks are of the descriptions and of the targets: closing duplicates drops none. */
	for (size_t i = 0; i < plan->nr_files; i++) {
		if (plan->files[i].fd >= 0)
			close(plan->files[i].fd);
		plan->files[i].fd = -1;
	}
	for (size_t i = 0; i < plan->nr_targets; i++)
		close_target(&plan->targets[i]);
}
