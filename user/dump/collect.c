// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dump/blockers.h"
#include "dump/collect.h"
#include "dump/describe.h"
#include "dump/flights.h"
#include "dump/sharing.h"
#include "image/lookup.h"
#include "image/say.h"
#include "image/status.h"
#include "locks/format.h"
#include "locks/list.h"
#include "procfs/file.h"
#include "procfs/process.h"

static int no_memory(void)
{
	say("%s", strerror(ENOMEM));
	return STATUS_IN_THE_WAY;
}

/* Reading ------------------------------------------------------------------------------------------ */

static int status_of(int error, enum lock_from from)
{
	switch (error) {
	case -ENOENT:
	case -EPROTO:
		return from == LOCK_FROM_KMOD ? STATUS_MODULE : STATUS_IN_THE_WAY;
	case -ESRCH:
	case -EPERM:
	case -EACCES:
		return STATUS_NO_PROCESS;
	default:
		return from == LOCK_FROM_PROC ? STATUS_IN_THE_WAY : STATUS_MODULE;
	}
}

static int read_locks(struct lock_list *list, const struct trace_tree *tree, const struct options *options,
		      const struct flights *flights)
{
	struct lock_query query = { .details = LOCK_DETAIL_ALL };
	pid_t *tgids = calloc(tree->nr + 1, sizeof(*tgids));
	struct lock_report report = { 0 };
	int ret;

	if (!tgids)
		return no_memory();
	for (size_t i = 0; i < tree->nr; i++) {
		/* A zombie has no descriptors, and the module knows of no process without threads. */
		if (!tree->processes[i].zombie)
			tgids[query.filter.nr_tgids++] = tree->processes[i].pid;
	}
	/* /proc tells of what is in flight only as what this program has received. */
	if (flights->nr)
		tgids[query.filter.nr_tgids++] = getpid();
	query.filter.tgids = tgids;
	ret = lock_list_read(list, &query, options->from, &report);
	free(tgids);
	if (ret) {
		say("%s", *report.error ? report.error : strerror(-ret));
		return status_of(ret, options->from);
	}
	if (*report.lacking && !options->check)
		say_warning("%s", report.lacking);
	return 0;
}

/* Which are the tree's ------------------------------------------------------------------------------ */

/*
 * A POSIX lock belongs to a table of descriptors, not to the description that it was set through: a
 * process outside may have it through a file that it shares with the tree. Who set it is told by a process
 * id only without the module, and that may be a thread's that is gone.
 */
static bool owner_is_in(const struct lock *lock, const struct trace_tree *tree)
{
	bool known = false;

	if (lock->unknown & LOCK_UNKNOWN_ID)
		return trace_tree_has(tree, lock->row.pid);
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (holder->files_id && holder->files_id == lock->row.owner_id) {
			known = true;
			if (trace_tree_has(tree, holder->tgid))
				return true;
		}
	}
	return !known && trace_tree_has(tree, lock->row.pid);
}

/* This program may have inherited descriptors that have locks. */
static bool is_held_here_alone(const struct lock *lock, const struct trace_tree *tree,
			       const struct flights *flights)
{
	bool here = false;

	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (trace_tree_has(tree, holder->tgid) || flights_to(flights, holder) ||
		    flights_have_duplicate(flights, holder))
			return false;
		here = here || holder->tgid == getpid();
	}
	return here;
}

static bool is_of_others(const struct lock *lock, const struct trace_tree *tree,
			 const struct flights *flights)
{
	return is_held_here_alone(lock, tree, flights) ||
	       (lock->row.kind == CRLOCK_KIND_POSIX && !owner_is_in(lock, tree));
}

static void drop_others(struct lock_list *list, const struct trace_tree *tree, const struct flights *flights)
{
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		struct lock *lock = &list->locks[i];

		if (is_of_others(lock, tree, flights))
			lock_free(lock);
		else
			list->locks[nr++] = *lock;
	}
	list->nr = nr;
}

/*
 * Without the module descriptions have no ids, but locks of one share its list of holders. The numbers that
 * stand for ids must only be unique.
 */
static int make_up_ids(struct lock_list *list)
{
	struct image_lookup lists = { 0 };
	size_t nr = 0;
	int ret = 0;

	for (size_t i = 0; i < list->nr && !ret; i++) {
		struct lock *lock = &list->locks[i];
		size_t id;

		if (lock->row.file_id)
			continue;
		if (!lock->shared || !image_lookup_find(&lists, (uintptr_t)lock->shared, &id)) {
			id = ++nr;
			ret = lock->shared ? image_lookup_add(&lists, (uintptr_t)lock->shared, id) : 0;
		}
		lock->row.file_id = id;
	}
	image_lookup_free(&lists);
	return ret;
}

/* Into the checkpoint ------------------------------------------------------------------------------- */

static uint64_t table_of(const struct lock_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->nr; i++) {
		for (size_t j = 0; j < list->locks[i].nr_holders; j++) {
			const struct crlock_holder *row = &list->locks[i].holders[j].row;

			if (row->tgid == pid && row->tid == pid && row->files_id)
				return row->files_id;
		}
	}
	return 0;
}

static int read_comm(pid_t pid, char **name)
{
	char comm[PROC_COMM_MAX];
	int err = proc_comm_of(pid, comm);

	*name = err ? NULL : strdup(comm);
	return err || *name ? err : -ENOMEM;
}

static int add_processes(struct checkpoint *checkpoint, const struct trace_tree *tree)
{
	checkpoint->processes = calloc(tree->nr, sizeof(*checkpoint->processes));
	if (!checkpoint->processes)
		return no_memory();
	for (size_t i = 0; i < tree->nr; i++) {
		struct checkpoint_process *process;
		int err;

		if (tree->processes[i].zombie)
			continue;
		process = &checkpoint->processes[checkpoint->nr_processes++];
		process->pid = tree->processes[i].pid;
		process->ppid = tree->processes[i].ppid;
		process->files_id = table_of(&checkpoint->locks, process->pid);
		if (checkpoint_note_process(checkpoint))
			return no_memory();
		err = read_comm(process->pid, &process->comm);
		if (err) {
			say("pid %d: its name: %s", process->pid, strerror(-err));
			return STATUS_IN_THE_WAY;
		}
	}
	return 0;
}

static int add_files(struct checkpoint *checkpoint, const struct trace_tree *tree,
		     const struct options *options, const struct flights *flights, struct blockers *blockers)
{
	checkpoint->files = calloc(checkpoint->locks.nr + 1, sizeof(*checkpoint->files));
	if (!checkpoint->files)
		return no_memory();
	for (size_t i = 0; i < checkpoint->locks.nr; i++) {
		const struct lock *lock = &checkpoint->locks.locks[i];

		if (checkpoint_file_of(checkpoint, lock->row.file_id))
			continue;
		if (!describe_file(&checkpoint->files[checkpoint->nr_files], lock, tree, !options->locks_only,
				   flights, blockers))
			continue;
		checkpoint->nr_files++;
		if (checkpoint_note_file(checkpoint))
			return no_memory();
	}
	return 0;
}

static bool is_same_file(const struct checkpoint_file *a, const struct checkpoint_file *b)
{
	return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* All mappings of a file are made from one description, which then would have the locks of several. */
static void refuse_several_mapped(struct checkpoint *checkpoint, struct blockers *blockers)
{
	for (size_t i = 0; i < checkpoint->locks.nr; i++) {
		const struct lock *lock = &checkpoint->locks.locks[i];
		const struct checkpoint_file *file = checkpoint_file_of(checkpoint, lock->row.file_id);

		if (!file || !checkpoint_mapping_of(checkpoint, file))
			continue;
		for (const struct checkpoint_file *other = checkpoint->files; other < file; other++) {
			if (is_same_file(file, other) && checkpoint_mapping_of(checkpoint, other))
				block_lock(blockers, lock,
					   "mappings alone have another lock of the file too");
		}
	}
}

#define LEASE_BREAK_TIME "/proc/sys/fs/lease-break-time"

/* Where it cannot be set it is what the kernel begins with. See lease_break_time of the kernel's fs/locks.c. */
static int read_lease_break_time(uint32_t *seconds)
{
	char text[32];
	ssize_t got = proc_read(AT_FDCWD, LEASE_BREAK_TIME, text, sizeof(text));

	*seconds = 45;
	if (got == -ENOENT)
		return 0;
	if (got >= 0 && sscanf(text, "%" SCNu32, seconds) == 1)
		return 0;
	say("%s: %s", LEASE_BREAK_TIME, got < 0 ? strerror(-got) : "it has no number");
	return STATUS_IN_THE_WAY;
}

static int set_header(struct checkpoint *checkpoint)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	checkpoint->dump_time_ms = now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
	checkpoint->source = checkpoint->locks.source;
	return read_lease_break_time(&checkpoint->lease_break_time);
}

static void tell_waiters(const struct checkpoint *checkpoint)
{
	struct lock_buffer text = { 0 };

	for (size_t i = 0; i < checkpoint->locks.nr; i++) {
		const struct lock *lock = &checkpoint->locks.locks[i];

		if (!lock->nr_waiters)
			continue;
		lock_buffer_clear(&text);
		lock_format_name(&text, lock);
		lock_buffer_add(&text, " is waited for by ");
		lock_format_waiters(&text, lock);
		say_info("%s", lock_buffer_text(&text));
	}
	lock_buffer_free(&text);
}

static int collect_with(struct checkpoint *checkpoint, const struct trace_tree *tree,
			const struct options *options, const struct flights *flights,
			struct blockers *blockers)
{
	int status = read_locks(&checkpoint->locks, tree, options, flights);

	status = status ?: set_header(checkpoint);
	if (status)
		return status;
	drop_others(&checkpoint->locks, tree, flights);
	status = make_up_ids(&checkpoint->locks) || find_sharing(&checkpoint->locks, tree, flights)
			 ? no_memory()
			 : 0;
	if (!status)
		status = add_processes(checkpoint, tree);
	if (!status)
		status = add_files(checkpoint, tree, options, flights, blockers);
	if (!status)
		refuse_several_mapped(checkpoint, blockers);
	if (!status)
		find_blockers(blockers, checkpoint, options->external_locks);
	if (!status && !blockers->nr && options->verbose)
		tell_waiters(checkpoint);
	return status;
}

int collect(struct checkpoint *checkpoint, const struct trace_tree *tree, const struct options *options,
	    const struct dump_files *files, struct blockers *blockers)
{
	struct flights flights = { 0 };
	int status;

	status = flights_read(&flights, files) ? no_memory() : 0;
	status = status ?: collect_with(checkpoint, tree, options, &flights, blockers);
	flights_free(&flights);
	return status;
}
