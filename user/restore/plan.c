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

static struct target *target_of(const struct plan *plan, pid_t pid)
{
	size_t at;

	return pid && image_lookup_find(&plan->by_pid, pid, &at) ? &plan->targets[at] : NULL;
}

static struct target *find_target(const struct plan *plan, pid_t old)
{
	return target_of(plan, plan_new_pid(plan, old));
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
		if (image_lookup_add(&plan->by_pid, pid, plan->nr_targets++))
			return no_memory(why);
	}
	return 0;
}

/* ---- Files and descriptors ---- */

/* Of a file that an image tells of twice. Returns: 1 if it is new, 0 if not, or -ENOMEM. */
static int note_descriptor(const struct plan *plan, struct image_lookup *seen, const struct target *target,
			   int fd)
{
	uint64_t key = (uint64_t)(target - plan->targets) << 32 | (uint32_t)fd;
	size_t at;

	if (image_lookup_find(seen, key, &at))
		return 0;
	return image_lookup_add(seen, key, 0) ? -ENOMEM : 1;
}

static int add_descriptors(struct plan *plan, struct planned_file *planned)
{
	const struct checkpoint_file *file = planned->file;
	struct image_lookup seen = { 0 };
	int ret = 0;

	for (size_t i = 0; i < file->nr_holders && ret >= 0; i++) {
		const struct crlock_holder *holder = &file->holders[i];
		struct target *target = find_target(plan, holder->tgid);

		if (!lock_holder_of_process(holder) || !target)
			continue;
		ret = note_descriptor(plan, &seen, target, holder->fd);
		if (ret <= 0)
			continue;
		plan->descriptors[plan->nr_descriptors++] = (struct planned_descriptor){
			.target = target,
			.file = planned,
			.old = holder->tgid,
			.fd = holder->fd,
		};
		planned->nr_descriptors++;
	}
	image_lookup_free(&seen);
	return ret < 0 ? ret : 0;
}

static int add_file(struct plan *plan, const struct checkpoint_file *file)
{
	struct planned_file *planned = &plan->files[plan->nr_files];
	int ret;

	*planned = (struct planned_file){
		.file = file,
		.descriptors = plan->descriptors + plan->nr_descriptors,
		.fd = -1,
	};
	ret = add_descriptors(plan, planned);
	if (planned->nr_descriptors)
		plan->nr_files++;
	return ret;
}

static int compare_descriptors(const void *a, const void *b)
{
	const struct planned_descriptor *x = *(struct planned_descriptor *const *)a;
	const struct planned_descriptor *y = *(struct planned_descriptor *const *)b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static struct planned_descriptor *find_descriptor(const struct plan *plan, struct target *target, int fd)
{
	struct planned_descriptor wanted = { .target = target, .fd = fd }, *key = &wanted, **found;

	found = bsearch(&key, plan->sorted, plan->nr_descriptors, sizeof(key), compare_descriptors);
	return found ? *found : NULL;
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
	for (size_t i = 0; i < checkpoint->nr_files; i++) {
		if (add_file(plan, &checkpoint->files[i]))
			return no_memory(why);
	}
	for (size_t i = 0; i < plan->nr_descriptors; i++)
		plan->sorted[i] = &plan->descriptors[i];
	qsort(plan->sorted, plan->nr_descriptors, sizeof(*plan->sorted), compare_descriptors);
	return check_clashes(plan, why);
}

/* ---- Locks ---- */

static int compare_file(const void *key, const void *planned)
{
	const struct checkpoint_file *file = key, *other = ((const struct planned_file *)planned)->file;

	return (file > other) - (file < other);
}

static struct planned_file *find_file(const struct plan *plan, const struct checkpoint_file *file)
{
	return bsearch(file, plan->files, plan->nr_files, sizeof(*plan->files), compare_file);
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

/* Who can take what is locked in a file: it may have many holders, and many locks of each. */
static int note_takers(const struct plan *plan, struct planned_file *planned)
{
	const struct checkpoint_file *file = planned->file;
	int ret = 0;

	for (size_t i = 0; i < file->nr_holders && !ret; i++) {
		const struct crlock_holder *holder = &file->holders[i];

		if (!lock_holder_of_process(holder) || !find_target(plan, holder->tgid))
			continue;
		ret = image_lookup_add(&planned->by_pid, holder->tgid, i);
		if (!ret && holder->files_id)
			ret = image_lookup_add(&planned->by_table, holder->files_id, i);
	}
	return ret;
}

/* Returns: the first of the owner's holders that is to be there again, NULL: there is none. */
static const struct crlock_holder *find_owner(const struct planned_file *planned,
					      const struct crlock_lock *row)
{
	const struct crlock_holder *holders = planned->file->holders;
	size_t at;

	if (row->owner_id && image_lookup_find(&planned->by_table, row->owner_id, &at))
		return &holders[at];
	return image_lookup_find(&planned->by_pid, row->pid, &at) && is_owner(row, &holders[at])
		       ? &holders[at]
		       : NULL;
}

/* @by: gets the descriptor to take it with, NULL: there is none. Returns: 0 or -ENOMEM. */
static int find_taker(const struct plan *plan, struct planned_file *planned, const struct crlock_lock *row,
		      const struct planned_descriptor **by)
{
	const struct crlock_holder *holder;

	*by = planned->descriptors;
	if (row->kind != CRLOCK_KIND_POSIX)
		return 0;
	if (!planned->by_pid.nr && note_takers(plan, planned))
		return -ENOMEM;
	holder = find_owner(planned, row);
	*by = holder ? find_descriptor(plan, find_target(plan, holder->tgid), holder->fd) : NULL;
	return 0;
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
	planned.file = find_file(plan, file);
	if (planned.file && find_taker(plan, planned.file, &lock->row, &planned.by))
		return no_memory(why);
	if (!planned.by && is_left_out(plan, file, &lock->row))
		return 0;
	if (lock->row.kind > CRLOCK_KIND_LEASE)
		return refuse_lock(why, file, lock, "only nfsd can give it");
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
	for (size_t i = 0; i < plan->nr_files; i++) {
		image_lookup_free(&plan->files[i].by_pid);
		image_lookup_free(&plan->files[i].by_table);
	}
	image_lookup_free(&plan->by_pid);
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
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;
		struct target *target = target_of(plan, holder->tgid);

		if (target && lock_holder_of_process(holder) && find_descriptor(plan, target, holder->fd))
			return true;
	}
	return false;
}
