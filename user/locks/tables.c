// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fdinfo of a descriptor shows the locks of its description, and which descriptors share one is told by
 * kcmp(2). Since that tells an order too, descriptions are kept in a tree, and comparisons are n log n.
 *
 * What processes do meanwhile can make two descriptors look shared that are not, or the reverse.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "locks/append.h"
#include "locks/tables.h"
#include "procfs/tree.h"

/* A descriptor that shows no locks: it may share a description whose locks another table owns. */
struct bare {
	struct lock_descriptor descriptor;
	int mnt_id;
	uint64_t ino;
};

struct reading {
	struct lock_tables *tables;
	void *tree; /* of struct lock_description */
	struct bare *bare;
	size_t nr_bare;
	struct proc_lock_list locks; /* of the descriptor that is being read */
	struct proc_lines *lines;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_files(const struct lock_descriptor *a, const struct lock_descriptor *b)
{
	int order;

	if (a->tid == b->tid && a->fd == b->fd)
		return 0;
	order = syscall(SYS_kcmp, a->tid, b->tid, KCMP_FILE, a->fd, b->fd);
	if (order >= 0 && order <= 2)
		return order == 2 ? 1 : -order;
	/* One is gone, or it is forbidden: not known to be the same. */
	return compare_numbers(a->tid, b->tid) ?: compare_numbers(a->fd, b->fd);
}

static int compare_descriptions(const void *x, const void *y)
{
	const struct lock_description *a = x, *b = y;

	return compare_numbers(a->mnt_id, b->mnt_id) ?: compare_numbers(a->ino, b->ino) ?:
	       compare_files(&a->first, &b->first);
}

static int add_holder(struct lock_description *description, const struct lock_descriptor *holder)
{
	return append(description->holders, description->nr_holders, *holder);
}

static int add_bare(struct reading *reading, const struct lock_description *key)
{
	const struct bare bare = { key->first, key->mnt_id, key->ino };

	return append(reading->bare, reading->nr_bare, bare);
}

static int keep_lock(const struct proc_lock *lock, void *data)
{
	struct reading *reading = data;

	return proc_lock_list_add(&reading->locks, lock);
}

static int keep_break(const struct proc_break *told, void *data)
{
	struct reading *reading = data;
	struct proc_lock *last = reading->locks.nr ? &reading->locks.lines[reading->locks.nr - 1] : NULL;

	if (!last || last->nr != told->nr || last->state != PROC_LOCK_BREAKING)
		return 0;
	last->is_told = true;
	last->told = *told;
	return 0;
}

static bool owned_by_table(const struct proc_lock *lock)
{
	return lock->kind == CRLOCK_KIND_POSIX;
}

/*
 * Adds the locks just read, with their requests. All descriptors of a description show those that it owns, so they are new
 * only with the first; those of a table are new with the first descriptor in that table.
 */
static int add_locks(struct lock_description *description, const struct reading *reading, pid_t tid)
{
	bool first = !description->nr_holders, wanted = false;
	struct proc_lock *locks;
	size_t room;

	if (!first && description->last_tid == tid)
		return 0;
	room = description->nr_locks + reading->locks.nr;
	locks = reallocarray(description->locks, room, sizeof(*locks));
	if (!locks)
		return -ENOMEM;
	description->locks = locks;
	for (size_t i = 0; i < reading->locks.nr; i++) {
		if (!reading->locks.lines[i].depth)
			wanted = first || owned_by_table(&reading->locks.lines[i]);
		if (wanted)
			locks[description->nr_locks++] = reading->locks.lines[i];
	}
	return 0;
}

static struct lock_description *add_description(struct reading *reading, const struct lock_description *key)
{
	struct lock_tables *tables = reading->tables;
	struct lock_description **all = append_room(tables->descriptions, tables->nr, sizeof(*all)), *copy;
	void *node;

	if (!all)
		return NULL;
	tables->descriptions = all;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *key;
	node = tsearch(copy, &reading->tree, compare_descriptions);
	if (!node || *(struct lock_description **)node != copy) {
		free(copy);
		return node ? *(struct lock_description **)node : NULL;
	}
	all[tables->nr++] = copy;
	return copy;
}

static int add_locked(struct reading *reading, const struct lock_description *key)
{
	struct lock_description *description = add_description(reading, key);
	int err;

	if (!description)
		return -ENOMEM;
	err = add_locks(description, reading, key->first.tid);
	description->last_tid = key->first.tid;
	return err ?: add_holder(description, &key->first);
}

/* Before Linux 5.14, fdinfo does not tell the inode. */
static bool stat_ino(int dir, int fd, uint64_t *ino)
{
	struct statx stat;
	char name[32];

	snprintf(name, sizeof(name), "fd/%d", fd);
	if (statx(dir, name, AT_STATX_DONT_SYNC, STATX_INO, &stat))
		return false;
	*ino = stat.stx_ino;
	return true;
}

/*
 * What cannot be read is gone meanwhile, or not understood, or has become another user's (EACCES), and left out. EPERM is
 * no word of /proc's: somebody keeps from us what we may see.
 */
static int read_descriptor(struct reading *reading, int dir, pid_t tgid, pid_t tid, int fd)
{
	static const struct proc_fdinfo_fns fns = { keep_lock, keep_break };
	struct lock_description key = { .first = { .tgid = tgid, .tid = tid, .fd = fd } };
	struct proc_fdinfo info;
	int err;

	reading->locks.nr = 0;
	err = proc_fdinfo_read(dir, fd, reading->lines, &info, &fns, reading);
	if (err)
		return proc_failed(err) || err == -EPERM ? err : 0;
	if (!info.has_ino && !stat_ino(dir, fd, &info.ino))
		return 0;
	key.first.flags = info.flags;
	key.mnt_id = info.mnt_id;
	key.ino = info.ino;
	return reading->locks.nr ? add_locked(reading, &key) : add_bare(reading, &key);
}

static int read_table(struct reading *reading, int dir, pid_t tgid, pid_t tid)
{
	struct proc_numbers *numbers;
	int err = proc_numbers_open(&numbers, dir, "fd"), fd;

	if (err == -EACCES || err == -EPERM)
		reading->tables->unreadable++;
	if (err)
		return proc_failed(err) ? err : 0;
	while (!err && (err = proc_numbers_next(numbers, &fd)) > 0)
		err = read_descriptor(reading, dir, tgid, tid, fd);
	proc_numbers_close(numbers);
	return proc_failed(err) ? err : 0;
}

static bool shares_table(const struct proc_pids *seen, pid_t tid)
{
	for (size_t i = 0; i < seen->nr; i++) {
		/* If that cannot be told, as for a thread that is gone: take it that it does. */
		if (syscall(SYS_kcmp, seen->pids[i], tid, KCMP_FILES, 0, 0) <= 0)
			return true;
	}
	return false;
}

/* Threads whose table is not that of one before, the process's first among them. */
static int read_threads(struct reading *reading, int dir, pid_t tgid)
{
	struct proc_pids threads = { 0 };
	int err = proc_pids_threads(&threads, dir);
	size_t nr = 1;

	/* The first is the process itself. */
	for (size_t i = 1; !err && i < threads.nr; i++) {
		struct proc_pids seen = { threads.pids, nr };
		pid_t tid = threads.pids[i];
		int task;

		if (shares_table(&seen, tid))
			continue;
		threads.pids[nr++] = tid;
		task = proc_open(tid);
		if (task < 0) {
			err = proc_failed(task) ? task : 0;
			continue;
		}
		err = read_table(reading, task, tgid, tid);
		close(task);
	}
	proc_pids_free(&threads);
	return proc_failed(err) ? err : 0;
}

static int read_process(struct reading *reading, pid_t pid)
{
	int dir = proc_open(pid), err;

	if (dir < 0)
		return proc_failed(dir) ? dir : 0;
	err = read_table(reading, dir, pid, pid) ?: read_threads(reading, dir, pid);
	close(dir);
	return err;
}

static int read_processes(struct reading *reading)
{
	struct proc_pids pids = { 0 };
	int err = proc_pids_all(&pids);

	for (size_t i = 0; !err && i < pids.nr; i++)
		err = read_process(reading, pids.pids[i]);
	proc_pids_free(&pids);
	return err;
}

/* Descriptors without locks that share a description that has some. */
static int join_bare(struct reading *reading)
{
	int err = 0;

	for (size_t i = 0; !err && i < reading->nr_bare; i++) {
		const struct bare *bare = &reading->bare[i];
		struct lock_description key = { .first = bare->descriptor,
						.mnt_id = bare->mnt_id,
						.ino = bare->ino };
		void *node = tfind(&key, &reading->tree, compare_descriptions);

		if (node)
			err = add_holder(*(struct lock_description **)node, &bare->descriptor);
	}
	return err;
}

static void keep_descriptions(void *description)
{
	(void)description;
}

int lock_tables_read(struct lock_tables *tables)
{
	struct reading reading = { .tables = tables };
	pid_t self = getpid();
	int err;

	*tables = (struct lock_tables){ 0 };
	tables->cannot_compare = syscall(SYS_kcmp, self, self, KCMP_VM, 0, 0) < 0;
	reading.lines = malloc(sizeof(*reading.lines));
	err = reading.lines ? read_processes(&reading) : -ENOMEM;
	err = err ?: join_bare(&reading);
	tdestroy(reading.tree, keep_descriptions);
	free(reading.bare);
	free(reading.locks.lines);
	free(reading.lines);
	return err;
}

/* Who is gone has none, and so has a number that is another file's by now: they are not of the inode. */
static int read_holder(struct reading *reading, const struct lock_descriptor *holder)
{
	static const struct proc_fdinfo_fns fns = { keep_lock, NULL };
	int dir = proc_open(holder->tid), err;
	struct proc_fdinfo info;

	if (dir < 0)
		return proc_failed(dir) ? dir : 0;
	err = proc_fdinfo_read(dir, holder->fd, reading->lines, &info, &fns, reading);
	close(dir);
	return proc_failed(err) ? err : 0;
}

int lock_tables_read_again(const struct lock_description *description, struct proc_lock_list *locks)
{
	struct reading reading = { .lines = malloc(sizeof(*reading.lines)) };
	pid_t last = 0;
	int err = reading.lines ? 0 : -ENOMEM;

	/* All numbers that one table has it by tell the same. */
	for (size_t i = 0; !err && i < description->nr_holders; i++) {
		if (description->holders[i].tid != last)
			err = read_holder(&reading, &description->holders[i]);
		last = description->holders[i].tid;
	}
	free(reading.lines);
	if (reading.locks.nr)
		qsort(reading.locks.lines, reading.locks.nr, sizeof(*reading.locks.lines), proc_lock_compare);
	*locks = reading.locks;
	return err;
}

void lock_tables_free(struct lock_tables *tables)
{
	for (size_t i = 0; i < tables->nr; i++) {
		free(tables->descriptions[i]->locks);
		free(tables->descriptions[i]->holders);
		free(tables->descriptions[i]);
	}
	free(tables->descriptions);
	*tables = (struct lock_tables){ 0 };
}
