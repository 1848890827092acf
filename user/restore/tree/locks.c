// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/say.h"
#include "image/status.h"
#include "locks/append.h"
#include "restore/take.h"
#include "restore/tell.h"
#include "restore/tree/actor.h"
#include "restore/tree/identity.h"
#include "restore/tree/locks.h"
#include "restore/tree/stand_in.h"
#include "restore/wait.h"

/* ---- Processes take them ---- */

static void drive(struct plan *plan, struct puppet *const *leaders, size_t nr)
{
	for (size_t i = 0; i < plan->nr_targets; i++) {
		for (size_t j = 0; j < nr; j++) {
			if (leaders[j]->tgid == plan->targets[i].pid)
				plan->targets[i].actor = puppet_actor(leaders[j]);
		}
	}
}

/* ---- Their descriptors, as this process's ---- */

static int open_targets(struct plan *plan, char *why)
{
	for (size_t i = 0; i < plan->nr_targets; i++) {
		plan->targets[i].pidfd = syscall(SYS_pidfd_open, plan->targets[i].pid, 0);
		if (plan->targets[i].pidfd < 0) {
			snprintf(why, WHY_MAX, "%d: %s", plan->targets[i].pid, strerror(errno));
			return STATUS_IN_THE_WAY;
		}
	}
	return 0;
}

static int duplicate(struct plan *plan, char *why)
{
	for (size_t i = 0; i < plan->nr_files; i++) {
		struct planned_file *file = &plan->files[i];
		const struct planned_descriptor *first = &file->descriptors[0];

		file->fd = syscall(SYS_pidfd_getfd, first->target->pidfd, first->fd, 0);
		if (file->fd < 0) {
			snprintf(why, WHY_MAX, "%d: descriptor %d, which has locks: %s", first->target->pid,
				 first->fd, strerror(errno));
			return STATUS_IN_THE_WAY;
		}
	}
	return 0;
}

static void close_all(struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_files; i++) {
		if (plan->files[i].fd >= 0)
			close(plan->files[i].fd);
		plan->files[i].fd = -1;
	}
	for (size_t i = 0; i < plan->nr_targets; i++) {
		if (plan->targets[i].pidfd >= 0)
			close(plan->targets[i].pidfd);
		plan->targets[i].pidfd = -1;
	}
}

static int attempt(struct plan *plan, char why[WHY_MAX])
{
	int status = open_targets(plan, why);

	status = status ? status : duplicate(plan, why);
	status = status ? status : take_locks(plan, why);
	close_all(plan);
	return status;
}

/* Returns: 0 or the exit status. */
static int note_kept(struct kept_leases *kept, const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_locks; i++) {
		const struct planned_lock *lock = &plan->locks[i];

		if (lock->progress != LOCK_WAS_THERE || lock->lock->row.kind != CRLOCK_KIND_LEASE)
			continue;
		if (append(kept->rows, kept->nr,
			   ((struct kept_lease){ lock->lock, lock->by->target->pid, lock->by->fd }))) {
			say("%s", strerror(ENOMEM));
			return STATUS_IN_THE_WAY;
		}
	}
	return 0;
}

int tree_take_locks(struct puppet *const *leaders, size_t nr, const struct checkpoint *checkpoint,
		    const struct options *options, struct kept_leases *kept)
{
	struct stand_in stand_in = { .verbose = options->verbose };
	struct options identity;
	char why[WHY_MAX] = "";
	struct plan plan = { 0 };
	int status = STATUS_IN_THE_WAY;

	if (identity_options(&identity, options, checkpoint)) {
		say("%s", strerror(ENOMEM));
		return status;
	}
	status = plan_make(&plan, checkpoint, &identity, why);
	if (status)
		say("%s", why);
	if (!status) {
		plan.kept = kept;
		drive(&plan, leaders, nr);
		plan.stand_in = (struct plan_stand_in){ stand_in_begin, stand_in_end, &stand_in };
		status = try_until_taken(&plan, attempt);
	}
	if (!status && kept)
		status = note_kept(kept, &plan);
	if (!status)
		tell_outsiders(&plan);
	plan_free(&plan);
	free(identity.pairs);
	return status;
}
