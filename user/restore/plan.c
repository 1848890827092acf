// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/status.h"
#include "locks/format.h"
#include "restore/plan.h"

static int __attribute__((format(printf, 3, 4))) fail(char *why, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_MAX, format, args);
	va_end(args);
	return status;
}

static int no_memory(char *why)
{
	return fail(why, STATUS_IN_THE_WAY, "%s", strerror(ENOMEM));
}

static int check_names(const struct plan *plan, char *why)
{
	const struct options *options = plan->options;

	for (size_t i = 0; i < options->nr_tasks; i++) {
		if (!checkpoint_has_process(plan->checkpoint, options->tasks[i]))
			return fail(why, STATUS_USAGE, "--task: %d: is no process of %s", options->tasks[i],
				    options->dir);
	}
	for (size_t i = 0; i < options->nr_pairs; i++) {
		if (!checkpoint_has_process(plan->checkpoint, options->pairs[i].old))
			return fail(why, STATUS_USAGE, "--pid: %d: is no process of %s",
				    options->pairs[i].old, options->dir);
	}
	return 0;
}

/* Returns: memory of zeros that a process which is made later sees too; NULL: there is none. */
static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* ---- Targets ---- */

static size_t size_of_falls(const struct plan *plan)
{
	return (plan->checkpoint->nr_processes + 1) * sizeof(*plan->falls);
}

static bool is_wanted(const struct options *options, pid_t old)
{
	for (size_t i = 0; i < options->nr_tasks; i++) {
		if (options->tasks[i] == old)
			return true;
	}
	return !options->nr_tasks;
}

pid_t plan_new_pid(const struct plan *plan, pid_t old)
{
	const struct options *options = plan->options;

	if (!checkpoint_has_process(plan->checkpoint, old) || !is_wanted(options, old))
		return 0;
	if (options->command)
		return getpid();
	for (size_t i = 0; i < options->nr_pairs; i++) {
		if (options->pairs[i].old == old)
			return options->pairs[i].new;
	}
	return options->pid;
}

static struct target *find_target(struct plan *plan, pid_t old)
{
	pid_t pid = plan_new_pid(plan, old);

	for (size_t i = 0; pid && i < plan->nr_targets; i++) {
		if (plan->targets[i].pid == pid)
			return &plan->targets[i];
	}
	return NULL;
}

static int make_targets(struct plan *plan, char *why)
{
	const struct checkpoint *checkpoint = plan->checkpoint;

	plan->targets = calloc(checkpoint->nr_processes + 1, sizeof(*plan->targets));
	plan->falls = shared(size_of_falls(plan));
	if (!plan->targets || !plan->falls)
		return no_memory(why);
	for (size_t i = 0; i < checkpoint->nr_processes; i++) {
		pid_t old = checkpoint->processes[i].pid, pid = plan_new_pid(plan, old);

		if (!pid || find_target(plan, old))
			continue;
		plan->targets[plan->nr_targets] = (struct target){
			.pid = pid,
			.pidfd = -1,
			.actor = lock_self,
			.fall = &plan->falls[plan->nr_targets],
		};
		plan->nr_targets++;
	}
	return 0;
}

/* ---- Files and descriptors ---- */

static bool has_descriptor(const struct planned_file *file, const struct target *target, int fd)
{
	for (size_t i = 0; i < file->nr_descriptors; i++) {
		if (file->descriptors[i].target == target && file->descriptors[i].fd == fd)
			return true;
	}
	return false;
}

static void add_file(struct plan *plan, const struct checkpoint_file *file)
{
	struct planned_file *planned = &plan->files[plan->nr_files];

	*planned = (struct planned_file){
		.file = file,
		.descriptors = plan->descriptors + plan->nr_descriptors,
		.fd = -1,
	};
	for (size_t i = 0; i < file->nr_holders; i++) {
		const struct crlock_holder *holder = &file->holders[i];
		struct target *target = find_target(plan, holder->tgid);

		if (!lock_holder_of_process(holder) || !target || has_descriptor(planned, target, holder->fd))
			continue;
		plan->descriptors[plan->nr_descriptors++] = (struct planned_descriptor){
			.target = target,
			.file = planned,
			.old = holder->tgid,
			.fd = holder->fd,
		};
		planned->nr_descriptors++;
	}
	if (planned->nr_descriptors)
		plan->nr_files++;
}

static int compare_descriptors(const void *a, const void *b)
{
	const struct planned_descriptor *x = *(struct planned_descriptor *const *)a;
	const struct planned_descriptor *y = *(struct planned_descriptor *const *)b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static int check_clashes(const struct plan *plan, char *why)
{
	for (size_t i = 1; i < plan->nr_descriptors; i++) {
		const struct planned_descriptor *x = plan->sorted[i - 1], *y = plan->sorted[i];

		if (compare_descriptors(&x, &y))
			continue;
		return fail(why, STATUS_IN_THE_WAY,
			    "descriptor %d is %s in process %d and %s%s in process %d: "
			    "restore one of them, with --task",
			    x->fd, x->file->file->path, x->old,
			    strcmp(x->file->file->path, y->file->file->path) ? "" : "another open of ",
			    y->file->file->path, y->old);
	}
	return 0;
}

static int make_files(struct plan *plan, char *why)
{
	const struct checkpoint *checkpoint = plan->checkpoint;
	size_t nr = 0;

	for (size_t i = 0; i < checkpoint->nr_files; i++)
		nr += checkpoint->files[i].nr_holders;
	plan->files = calloc(checkpoint->nr_files + 1, sizeof(*plan->files));
	plan->descriptors = calloc(nr + 1, sizeof(*plan->descriptors));
	plan->sorted = calloc(nr + 1, sizeof(*plan->sorted));
	if (!plan->files || !plan->descriptors || !plan->sorted)
		return no_memory(why);
	for (size_t i = 0; i < checkpoint->nr_files; i++)
		add_file(plan, &checkpoint->files[i]);
	for (size_t i = 0; i < plan->nr_descriptors; i++)
		plan->sorted[i] = &plan->descriptors[i];
	qsort(plan->sorted, plan->nr_descriptors, sizeof(*plan->sorted), compare_descriptors);
	return check_clashes(plan, why);
}

/* ---- Locks ---- */

static struct planned_file *find_file(const struct plan *plan, const struct checkpoint_file *file)
{
	for (size_t i = 0; i < plan->nr_files; i++) {
		if (plan->files[i].file == file)
			return &plan->files[i];
	}
	return NULL;
}

/* Whether a holder's process is the owner of a lock. */
static bool is_owner(const struct crlock_lock *row, const struct crlock_holder *holder)
{
	if (row->kind != CRLOCK_KIND_POSIX)
		return true;
	if (row->owner_id && holder->files_id)
		return row->owner_id == holder->files_id;
	return row->pid == holder->tgid;
}

/* Whether what the user selected leaves a lock out. */
static bool is_left_out(const struct plan *plan, const struct checkpoint_file *file,
			const struct crlock_lock *row)
{
	bool others = false;

	for (size_t i = 0; i < file->nr_holders; i++) {
		const struct crlock_holder *holder = &file->holders[i];

		if (!is_owner(row, holder) || !checkpoint_has_process(plan->checkpoint, holder->tgid))
			continue;
		if (plan_new_pid(plan, holder->tgid))
			return false;
		others = true;
	}
	return others;
}

static const struct planned_descriptor *find_taker(struct plan *plan, const struct planned_file *file,
						   const struct crlock_lock *row)
{
	for (size_t i = 0; i < file->file->nr_holders; i++) {
		const struct crlock_holder *holder = &file->file->holders[i];
		const struct target *target = find_target(plan, holder->tgid);

		if (!target || !lock_holder_of_process(holder) || !is_owner(row, holder))
			continue;
		for (size_t j = 0; j < file->nr_descriptors; j++) {
			if (file->descriptors[j].target == target)
				return &file->descriptors[j];
		}
	}
	return NULL;
}

static int refuse_lock(char *why, const struct checkpoint_file *file, const struct lock *lock,
		       const char *reason)
{
	return fail(why, STATUS_IN_THE_WAY, "%s: %s %s: %s", file->path, lock_kind_name(lock->row.kind),
		    lock_type_name(lock->row.held), reason);
}

static int add_lock(struct plan *plan, const struct lock *lock, char *why)
{
	const struct checkpoint_file *file = checkpoint_file_of(plan->checkpoint, lock->row.file_id);
	struct planned_lock planned = { .lock = lock };

	if (!file)
		return fail(why, STATUS_IMAGE, "%s: a lock is of a file that is not recorded",
			    plan->options->dir);
	if (is_left_out(plan, file, &lock->row))
		return 0;
	if (lock->row.kind > CRLOCK_KIND_LEASE)
		return refuse_lock(why, file, lock, "only nfsd can give it");
	planned.file = find_file(plan, file);
	if (planned.file)
		planned.by = find_taker(plan, planned.file, &lock->row);
	if (!planned.by)
		return refuse_lock(why, file, lock, "no process had a descriptor to take it with");
	plan->locks[plan->nr_locks++] = planned;
	return 0;
}

/* Leases last: until they are all set nothing may be opened, and then files are opened to break them. */
static int turn_of(const struct planned_lock *lock)
{
	switch (lock->lock->row.kind) {
	case CRLOCK_KIND_POSIX:
		return 0;
	case CRLOCK_KIND_LEASE:
		return 2;
	}
	return 1;
}

static int compare_turns(const void *a, const void *b)
{
	const struct planned_lock *x = a, *y = b;

	if (turn_of(x) != turn_of(y))
		return turn_of(x) - turn_of(y);
	return (x->lock > y->lock) - (x->lock < y->lock);
}

/* By owner and file, for those which processes own. */
static int compare_ranges(const void *a, const void *b)
{
	const struct planned_lock *x = *(struct planned_lock *const *)a;
	const struct planned_lock *y = *(struct planned_lock *const *)b;
	const struct checkpoint_file *f = x->file->file, *g = y->file->file;

	if (x->by->target != y->by->target)
		return x->by->target < y->by->target ? -1 : 1;
	if (f->dev_major != g->dev_major)
		return f->dev_major < g->dev_major ? -1 : 1;
	if (f->dev_minor != g->dev_minor)
		return f->dev_minor < g->dev_minor ? -1 : 1;
	if (f->ino != g->ino)
		return f->ino < g->ino ? -1 : 1;
	if (!f->ino && strcmp(f->path, g->path))
		return strcmp(f->path, g->path);
	return (x->lock->row.start > y->lock->row.start) - (x->lock->row.start < y->lock->row.start);
}

static bool same_file(const struct checkpoint_file *f, const struct checkpoint_file *g)
{
	/* Images of other programs have no inodes. */
	return f->dev_major == g->dev_major && f->dev_minor == g->dev_minor && f->ino == g->ino &&
	       (f->ino || !strcmp(f->path, g->path));
}

/* What several processes had locked cannot be told apart once it is one process's. */
static int check_owners(struct plan *plan, char *why)
{
	struct planned_lock **sorted = calloc(plan->nr_locks + 1, sizeof(*sorted));
	size_t nr = 0;
	int status = 0;

	if (!sorted)
		return no_memory(why);
	for (size_t i = 0; i < plan->nr_locks; i++) {
		if (plan->locks[i].lock->row.kind == CRLOCK_KIND_POSIX)
			sorted[nr++] = &plan->locks[i];
	}
	qsort(sorted, nr, sizeof(*sorted), compare_ranges);
	for (size_t i = 1; i < nr && !status; i++) {
		const struct planned_lock *x = sorted[i - 1], *y = sorted[i];

		/* The locks of one owner do not overlap, so neighbours are enough. */
		if (x->by->target == y->by->target && same_file(x->file->file, y->file->file) &&
		    lock_overlap(x->lock, y->lock))
			status = fail(why, STATUS_IN_THE_WAY,
				      "%s: processes %d and %d both had POSIX locks on byte %lld: "
				      "restore one of them, with --task",
				      y->file->file->path, x->lock->row.pid, y->lock->row.pid,
				      (long long)y->lock->row.start);
	}
	free(sorted);
	return status;
}

static size_t size_of_locks(const struct plan *plan)
{
	return (plan->checkpoint->locks.nr + 1) * sizeof(*plan->locks);
}

static int make_locks(struct plan *plan, char *why)
{
	const struct lock_list *list = &plan->checkpoint->locks;
	int status = 0;

	plan->locks = shared(size_of_locks(plan));
	if (!plan->locks)
		return no_memory(why);
	for (size_t i = 0; i < list->nr && !status; i++)
		status = add_lock(plan, &list->locks[i], why);
	if (status)
		return status;
	qsort(plan->locks, plan->nr_locks, sizeof(*plan->locks), compare_turns);
	return check_owners(plan, why);
}

int plan_make(struct plan *plan, const struct checkpoint *checkpoint, const struct options *options,
	      char why[WHY_MAX])
{
	int status;

	*plan = (struct plan){ .checkpoint = checkpoint, .options = options };
	status = check_names(plan, why);
	status = status ?: make_targets(plan, why);
	status = status ?: make_files(plan, why);
	return status ?: make_locks(plan, why);
}

void plan_free(struct plan *plan)
{
	free(plan->targets);
	free(plan->descriptors);
	free(plan->sorted);
	free(plan->files);
	if (plan->falls)
		munmap(plan->falls, size_of_falls(plan));
	if (plan->locks)
		munmap(plan->locks, size_of_locks(plan));
	*plan = (struct plan){ 0 };
}

void planned_lock_name(struct lock_buffer *name, const struct planned_lock *lock)
{
	lock_buffer_format(name, "%s: %s ", lock->file->file->path, lock_kind_name(lock->lock->row.kind));
	lock_format_state(name, lock->lock);
	if (lock_is_range(lock->lock->row.kind)) {
		lock_buffer_add(name, " ");
		lock_format_offset(name, lock->lock->row.start);
		lock_buffer_add(name, "-");
		lock_format_offset(name, lock->lock->row.end);
	}
}

bool planned_lock_is_taken(const struct planned_lock *lock)
{
	return lock->progress == LOCK_BEING_TAKEN || lock->progress == LOCK_TAKEN;
}

bool plan_has_taken(const struct plan *plan, const struct target *target)
{
	for (size_t i = 0; i < plan->nr_locks; i++) {
		if ((!target || plan->locks[i].by->target == target) &&
		    planned_lock_is_taken(&plan->locks[i]))
			return true;
	}
	return false;
}

bool plan_is_ours(const struct plan *plan, const struct lock *lock)
{
	struct planned_descriptor wanted = { 0 }, *key = &wanted;

	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (!lock_holder_of_process(holder))
			continue;
		for (size_t j = 0; j < plan->nr_targets; j++) {
			wanted.target = &plan->targets[j];
			wanted.fd = holder->fd;
			if (wanted.target->pid == holder->tgid &&
			    bsearch(&key, plan->sorted, plan->nr_descriptors, sizeof(key),
				    compare_descriptors))
				return true;
		}
	}
	return false;
}
