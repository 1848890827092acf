// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/say.h"
#include "image/status.h"
#include "locks/format.h"
#include "locks/list.h"
#include "restore/conflict.h"
#include "restore/take.h"

/* Says what is wrong with a lock. Returns: @ret. */
static int __attribute__((format(printf, 4, 5)))
fail(char *why, const struct planned_lock *lock, int ret, const char *format, ...)
{
	struct lock_buffer buffer = { 0 };
	char text[WHY_MAX / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	planned_lock_name(&buffer, lock);
	snprintf(why, WHY_MAX, "%s: %s", lock_buffer_text(&buffer), text);
	lock_buffer_free(&buffer);
	return ret;
}

static const struct lock_actor *actor_of(const struct planned_lock *lock)
{
	return &lock->by->target->actor;
}

static bool is_lease(const struct planned_lock *lock)
{
	return lock->lock->row.kind == CRLOCK_KIND_LEASE;
}

/* ---- Releasing ---- */

static void drop(const struct plan *plan, struct planned_lock *lock)
{
	int err;

	if (!planned_lock_is_taken(lock))
		return;
	err = lock_drop(lock->lock, actor_of(lock), lock->by->fd);
	/* There is no lease. */
	if (err == -EAGAIN && lock->progress == LOCK_BEING_TAKEN)
		err = 0;
	/* A lease that is given up forgets whom to tell. */
	if (!err && is_lease(lock))
		err = lock_notice_set(&lock->notice_before, actor_of(lock), lock->by->fd);
	/* A process that is gone holds nothing any more. */
	if (err < 0 && err != -ESRCH && plan->guarded)
		return;
	/* Where one cannot be taken, none can be released either: there is nothing to complain of. */
	if (err < 0 && err != -ESRCH && lock->progress == LOCK_TAKEN)
		say("%s: %s: cannot be released again: %s", lock->file->file->path,
		    lock_kind_name(lock->lock->row.kind), strerror(-err));
	lock->progress = LOCK_TO_DO;
}

static void drop_all(struct plan *plan)
{
	for (size_t i = plan->nr_locks; i; i--)
		drop(plan, &plan->locks[i - 1]);
}

void release_locks(struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_locks; i++) {
		if (!plan->locks[i].by->target->stopped.nr)
			plan->locks[i].progress = LOCK_TO_DO;
	}
	drop_all(plan);
}

/* ---- Locks that targets have already ---- */

static int read_present(const struct plan *plan, struct lock_list *list, char *why)
{
	struct lock_query query = { .details = LOCK_DETAIL_COMM | LOCK_DETAIL_PATH };
	pid_t *pids = calloc(plan->nr_targets + 1, sizeof(*pids));
	struct lock_report report = { 0 };
	int err = -ENOMEM;

	for (size_t i = 0; pids && i < plan->nr_targets; i++)
		pids[i] = plan->targets[i].pid;
	if (pids) {
		query.filter.tgids = pids;
		query.filter.nr_tgids = plan->nr_targets;
		err = lock_list_read(list, &query, LOCK_FROM_AUTO, &report);
	}
	free(pids);
	if (err)
		snprintf(why, WHY_MAX, "%s", *report.error ? report.error : strerror(-err));
	return err ? STATUS_IN_THE_WAY : 0;
}

static bool has_holder(const struct lock *lock, pid_t pid, int fd)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (holder->kind == CRLOCK_HOLDER_DESCRIPTOR && holder->tgid == pid && holder->fd == fd)
			return true;
	}
	return false;
}

static bool is_owned_by(const struct lock *lock, pid_t pid)
{
	if (!lock->row.owner_id)
		return lock->row.pid == pid;
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (holder->tgid == pid && holder->files_id == lock->row.owner_id)
			return true;
	}
	/* Its descriptor may be closed, though another of the file keeps the lock. */
	return lock->row.pid == pid;
}

/* Whether a lock that is there has the place of one that is to be taken. */
static bool has_place(const struct lock *present, const struct planned_lock *wanted,
		      const struct lock_query *file)
{
	pid_t pid = wanted->by->target->pid;

	if (present->row.kind != wanted->lock->row.kind || !lock_overlap(present, wanted->lock))
		return false;
	if (wanted->lock->row.kind != CRLOCK_KIND_POSIX)
		return has_holder(present, pid, wanted->by->fd);
	/* Of all descriptors of the file, not only of the one it was set by. */
	if (!is_owned_by(present, pid))
		return false;
	if (has_holder(present, pid, wanted->by->fd))
		return true;
	return present->row.ino == (file->filter.by_inode ? file->filter.ino : file->stat_ino) &&
	       (!file->filter.by_inode || (present->row.dev_major == file->filter.dev_major &&
					   present->row.dev_minor == file->filter.dev_minor));
}

static bool is_same_lock(const struct lock *present, const struct lock *wanted)
{
	const struct crlock_lock *a = &present->row, *b = &wanted->row;

	return (a->held == b->held || present->unknown & LOCK_UNKNOWN_HELD) && a->target == b->target &&
	       (!lock_is_range(a->kind) || (a->start == b->start && a->end == b->end));
}

/* A lease that somebody has broken since the dump, while it was kept. */
static bool is_broken_since(const struct plan *plan, const struct lock *present, const struct lock *wanted)
{
	return plan->kept && lock_is_breaking(present) &&
	       (present->row.held == wanted->row.held || present->unknown & LOCK_UNKNOWN_HELD);
}

/* Returns: 0 if nothing is there, 1 if exactly this lock is, or -EAGAIN. */
static int compare_present(const struct plan *plan, const struct lock_list *present,
			   const struct planned_lock *wanted, char *why)
{
	struct lock_buffer name = { 0 };
	struct lock_query file = { 0 };
	char path[64];
	int ret = 0;

	if (!present->nr)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", wanted->file->fd);
	if (lock_query_file(&file, path))
		return 0;
	for (size_t i = 0; i < present->nr && ret >= 0; i++) {
		const struct lock *lock = &present->locks[i];

		if (!has_place(lock, wanted, &file))
			continue;
		if (is_same_lock(lock, wanted->lock) || is_broken_since(plan, lock, wanted->lock)) {
			ret = 1;
			continue;
		}
		lock_format_name(&name, lock);
		ret = fail(why, wanted, -EAGAIN, "process %d has a lock there already: %s",
			   wanted->by->target->pid, lock_buffer_text(&name));
	}
	lock_buffer_free(&name);
	return ret;
}

/* ---- Taking ---- */

static int explain(const struct plan *plan, const struct planned_lock *lock, int err, char *why)
{
	struct lock_buffer name = { 0 };
	bool found;

	if (err == -EINVAL && is_lease(lock))
		return fail(why, lock, STATUS_IN_THE_WAY,
			    "the filesystem has no leases, or they are switched off");
	if (err == -EACCES && is_lease(lock))
		return fail(why, lock, STATUS_IN_THE_WAY,
			    "process %d may not: the file is another user's, and it lacks CAP_LEASE",
			    lock->by->target->pid);
	if (err != -EAGAIN)
		return fail(why, lock, err == -ESRCH ? STATUS_NO_PROCESS : STATUS_IN_THE_WAY, "%s",
			    strerror(-err));
	found = conflict_find(plan, lock->lock, lock->file->fd, &name) ||
		(is_lease(lock) && conflict_find_open(lock, &name));
	fail(why, lock, 0, "in the way is %s",
	     found ? lock_buffer_text(&name) : "a lock that cannot be seen from here");
	lock_buffer_free(&name);
	return -EAGAIN;
}

/* Releasing is the target's again: it has the descriptor, or is the owner. */
static int take(const struct plan *plan, struct planned_lock *lock)
{
	const struct plan_stand_in *stand_in = &plan->stand_in;
	const struct lock_actor *actor = stand_in->begin ? stand_in->begin(stand_in->data, lock) : NULL;
	int err;

	/* After an error too: it may have been taken, and what failed was to hear of it. */
	lock->progress = LOCK_BEING_TAKEN;
	err = lock_take(lock->lock, actor ? actor : actor_of(lock), lock->by->fd);
	if (actor)
		stand_in->end(stand_in->data);
	return err;
}

/* A lease tells whoever takes it when it breaks; nobody must hear of it until it is as it was. */
static int take_lease(const struct plan *plan, struct planned_lock *lock)
{
	struct lock_notice nobody = { .owner.type = F_OWNER_PID };
	const struct lock_actor *actor = actor_of(lock);
	int err = lock_notice_get(&lock->notice_before, actor, lock->by->fd);

	err = err ?: take(plan, lock);
	if (err)
		return err;
	lock->progress = LOCK_TAKEN;
	nobody.signum = lock->notice_before.signum;
	return lock_notice_set(&nobody, actor, lock->by->fd);
}

/* Returns: 0, -EAGAIN or the exit status. */
static int take_one(const struct plan *plan, const struct lock_list *present, struct planned_lock *lock,
		    char *why)
{
	int err = compare_present(plan, present, lock, why);

	if (err > 0)
		lock->progress = LOCK_WAS_THERE;
	if (err)
		return err < 0 ? err : 0;
	if (is_lease(lock))
		err = take_lease(plan, lock);
	else
		err = take(plan, lock);
	if (err)
		return explain(plan, lock, err, why);
	lock->progress = LOCK_TAKEN;
	return 0;
}

/* ---- Breaking ---- */

static int break_one(const struct plan *plan, struct planned_lock *lock, char *why)
{
	struct lock_buffer name = { 0 };
	struct lock opening = { .row = { .kind = CRLOCK_KIND_LEASE, .held = F_WRLCK } };
	bool late = false, stranger;
	int err;

	/* The open that breaks it would break theirs. A write lease is alone. */
	stranger = lock->lock->row.held == F_RDLCK && conflict_find(plan, &opening, lock->file->fd, &name);
	if (stranger)
		fail(why, lock, 0, "would break %s", lock_buffer_text(&name));
	lock_buffer_free(&name);
	if (stranger)
		return -EAGAIN;
	err = lock_lease_break(lock->lock, lock->file->fd, &late);
	if (err)
		return fail(why, lock, STATUS_IN_THE_WAY, "cannot be broken again: %s", strerror(-err));
	if (late)
		say_warning(
			"%s: the lease's deadline is that of the system: /proc/sys/fs/lease-break-time cannot be written",
			lock->file->file->path);
	return 0;
}

static int check_lease(const struct planned_lock *lock, char *why)
{
	int target = actor_of(lock)->fcntl(actor_of(lock)->data, lock->by->fd, F_GETLEASE, 0);

	if (target < 0)
		return fail(why, lock, STATUS_IN_THE_WAY, "%s", strerror(-target));
	if (target == lock_lease_target(lock->lock))
		return 0;
	return fail(why, lock, STATUS_IN_THE_WAY, "was broken by someone else meanwhile");
}

/* A notice goes to who has the lease now, or whom it went to, if that was restored too. */
static pid_t translate_owner(const struct plan *plan, const struct planned_lock *lock, char *why)
{
	const struct crlock_lock *row = &lock->lock->row;
	pid_t pid;

	*why = '\0';
	if (lock->lock->unknown & LOCK_UNKNOWN_NOTICE)
		return lock->by->target->pid;
	if (!(row->state & CRLOCK_LOCK_NOTICE) || !row->fown_pid)
		return 0;
	pid = plan_new_pid(plan, row->fown_pid);
	if (!pid)
		fail(why, lock, 0, "its notice went to %d, which is not restored, and goes to nobody",
		     row->fown_pid);
	return pid;
}

static int restore_notice(const struct plan *plan, const struct planned_lock *lock, char *why)
{
	const struct crlock_lock *row = &lock->lock->row;
	struct lock_notice notice = { .owner.type = F_OWNER_PID };
	int err;

	notice.owner.pid = translate_owner(plan, lock, why);
	if (*why)
		say("%s", why);
	if (!(lock->lock->unknown & LOCK_UNKNOWN_NOTICE)) {
		notice.owner.type = row->fown_type;
		notice.signum = row->fown_signum;
	}
	err = lock_notice_set(&notice, actor_of(lock), lock->by->fd);
	if (err)
		return fail(why, lock, STATUS_IN_THE_WAY, "its notice cannot be set: %s", strerror(-err));
	return 0;
}

/* ---- All ---- */

/* Deals with what one lock came to. Returns: 0 to go on. */
static int settle(const struct plan *plan, struct planned_lock *lock, int status, char *why)
{
	if (status != -EAGAIN || plan->options->on_conflict != ON_CONFLICT_SKIP)
		return status;
	say_warning("%s: skipped", why);
	drop(plan, lock);
	if (planned_lock_is_taken(lock))
		return STATUS_IN_THE_WAY;
	lock->progress = LOCK_SKIPPED;
	return 0;
}

static int take_all(struct plan *plan, const struct lock_list *present, char *why)
{
	int status = 0;

	for (size_t i = 0; i < plan->nr_locks && !status; i++) {
		struct planned_lock *lock = &plan->locks[i];

		lock->progress = LOCK_TO_DO;
		if (lock->file->skipped)
			lock->progress = LOCK_SKIPPED;
		else
			status = settle(plan, lock, take_one(plan, present, lock, why), why);
	}
	for (size_t i = 0; i < plan->nr_locks && !status; i++) {
		struct planned_lock *lock = &plan->locks[i];

		if (lock->progress == LOCK_TAKEN && lock_is_breaking(lock->lock))
			status = settle(plan, lock, break_one(plan, lock, why), why);
	}
	for (size_t i = 0; i < plan->nr_locks && !status; i++) {
		struct planned_lock *lock = &plan->locks[i];

		if (lock->progress != LOCK_TAKEN || !is_lease(lock))
			continue;
		status = check_lease(lock, why);
		status = status ?: restore_notice(plan, lock, why);
	}
	return status;
}

int take_locks(struct plan *plan, char why[WHY_MAX])
{
	struct lock_list present = { 0 };
	int status = 0;

	if (!plan->options->command)
		status = read_present(plan, &present, why);
	status = status ?: take_all(plan, &present, why);
	if (status)
		drop_all(plan);
	lock_list_free(&present);
	/* There is no second attempt before a guard has done what could not be done here. */
	return status == -EAGAIN && plan_has_taken(plan, NULL) ? STATUS_IN_THE_WAY : status;
}
