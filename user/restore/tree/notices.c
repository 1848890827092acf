// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "locks/apply.h"
#include "restore/tree/actor.h"
#include "restore/tree/notices.h"
#include "restore/tree/signals.h"

struct job {
	const struct saved_tree *tree;
	struct puppet *(*find)(void *data, pid_t tid);
	void *data;
	const struct image_error *error;
};

/* What the kernel says of a break: see send_sigio_to_task() and kill_fasync() there. */
static siginfo_t make_info(const struct lock_notice *notice, int fd)
{
	siginfo_t info = { .si_signo = notice->signum ?: SIGIO, .si_code = SI_KERNEL };

	if (!notice->signum)
		return info;
	info.si_code = POLL_MSG;
	info.si_band = POLLIN | POLLRDNORM | POLLMSG;
	info.si_fd = fd;
	switch (notice->signum) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
	case SIGCHLD:
	case SIGSYS:
		/* Their codes say something else. */
		info.si_code = SI_SIGIO;
	}
	return info;
}

static int send_to(const struct job *job, pid_t tid, const siginfo_t *info, bool to_thread)
{
	struct puppet *puppet = job->find(job->data, tid);

	/* To who was not of the tree the kernel has told it. */
	return puppet ? signals_send(puppet, info, to_thread, job->error) : 0;
}

static int send_to_group(const struct job *job, pid_t pgid, const siginfo_t *info)
{
	int ret = 0;

	for (size_t i = 0; i < job->tree->nr && !ret; i++) {
		const struct saved_process *process = &job->tree->processes[i];

		if (process->pgid == pgid && !process->zombie)
			ret = send_to(job, process->pid, info, false);
	}
	return ret;
}

static int send_notice(const struct job *job, const struct lock_notice *notice, int fd)
{
	const siginfo_t info = make_info(notice, fd);

	if (notice->owner.type == F_OWNER_PGRP)
		return send_to_group(job, notice->owner.pid, &info);
	return send_to(job, notice->owner.pid, &info, notice->owner.type == F_OWNER_TID);
}

/* The description has kept the signal, but its owner has ended. Returns: 0 or a negative errno value. */
static int find_notice(struct lock_notice *notice, const struct kept_lease *kept,
		       const struct lock_actor *actor)
{
	const struct crlock_lock *row = &kept->lock->row;
	int ret = lock_notice_get(notice, actor, kept->fd);

	notice->owner.type = F_OWNER_PID;
	notice->owner.pid = kept->pid;
	if (kept->lock->unknown & LOCK_UNKNOWN_NOTICE)
		return ret;
	notice->owner.type = row->fown_type;
	notice->owner.pid = row->state & CRLOCK_LOCK_NOTICE ? row->fown_pid : 0;
	return ret;
}

static int look(const struct job *job, const struct kept_lease *kept)
{
	struct puppet *puppet = job->find(job->data, kept->pid);
	const struct lock_actor actor = puppet_actor(puppet);
	struct lock_notice notice;
	int ret = find_notice(&notice, kept, &actor), target;

	if (ret || !notice.owner.pid)
		return ret;
	ret = lock_notice_set(&notice, &actor, kept->fd);
	if (ret)
		return ret == -ESRCH ? 0 : ret;
	target = actor.fcntl(actor.data, kept->fd, F_GETLEASE, 0);
	if (target < 0)
		return target;
	return target == lock_lease_target(kept->lock) ? 0 : send_notice(job, &notice, kept->fd);
}

int notices_send(const struct kept_leases *kept, const struct saved_tree *tree,
		 struct puppet *(*find)(void *data, pid_t tid), void *data, const struct image_error *error)
{
	const struct job job = { tree, find, data, error };
	char name[32];

	for (size_t i = 0; i < kept->nr; i++) {
		int ret = look(&job, &kept->rows[i]);

		if (!ret)
			continue;
		snprintf(name, sizeof(name), "%d", kept->rows[i].pid);
		return image_error(error, ret, name, "the notice of its lease at descriptor %d: %s",
				   kept->rows[i].fd, strerror(-ret));
	}
	return 0;
}
