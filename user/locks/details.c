// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of processes, paths and mounts, from /proc: each process's name is read once, each open file
 * description's path once, each mount's number once.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "locks/cache.h"
#include "locks/source.h"
#include "procfs/fdinfo.h"
#include "procfs/maps.h"
#include "procfs/process.h"

/* A description can have very many holders, none of which can be read. */
#define HOLDERS_TRIED 8

struct reading {
	struct lock_cache comms; /* by pid */
	struct lock_cache descriptions; /* by holders: the first lock that has them */
	struct lock_cache mounts; /* by the module's mount id: 1 + the number, as a pointer */
	struct proc_lines *lines;
	pid_t pid; /* whose directories are open, 0: none */
	int dir, fds;
	char path[PATH_MAX + 16];
};

/* Names -------------------------------------------------------------------------------------------- */

/* A process's name, kept in the cache. Of who is gone the name is empty. */
static int cached_comm(struct reading *reading, pid_t pid, const char **name)
{
	void **cached = lock_cache_get(&reading->comms, pid);
	char comm[PROC_COMM_MAX];
	int err;

	if (!cached)
		return -ENOMEM;
	if (!*cached) {
		err = proc_comm_of(pid, comm);
		if (proc_failed(err))
			return err;
		*cached = strdup(comm);
		if (!*cached)
			return -ENOMEM;
	}
	*name = *cached;
	return 0;
}

/* Gives a copy of a process's name, or leaves NULL. */
static int set_comm(struct reading *reading, pid_t pid, char **comm)
{
	const char *name = "";
	int err;

	if (pid <= 0 || *comm)
		return 0;
	err = cached_comm(reading, pid, &name);
	/* No process has an empty name that is of use. */
	if (err || !*name)
		return err;
	*comm = strdup(name);
	return *comm ? 0 : -ENOMEM;
}

static bool holds(const struct lock *lock, pid_t pid)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (lock->holders[i].row.tgid == pid)
			return true;
	}
	return false;
}

/*
 * The process that set a lock may be gone, and its id another's: take its name only if it still holds the
 * lock, or if it must, since a POSIX lock goes with its process, or if nothing else is known.
 */
static bool trust_pid(const struct lock *lock)
{
	return lock->row.kind == CRLOCK_KIND_POSIX || holds(lock, lock->row.pid) ||
	       (!lock->nr_holders && lock->unknown & LOCK_UNKNOWN_HOLDERS);
}

static int set_comms(struct reading *reading, struct lock *lock, bool same_holders)
{
	int err = trust_pid(lock) ? set_comm(reading, lock->row.pid, &lock->comm) : 0;

	for (size_t i = 0; !err && !same_holders && i < lock->nr_holders; i++)
		err = set_comm(reading, lock->holders[i].row.tgid, &lock->holders[i].comm);
	for (size_t i = 0; !err && i < lock->nr_waiters; i++)
		err = set_comm(reading, lock->waiters[i].pid, &lock->waiters[i].comm);
	return err;
}

/* Paths and mounts --------------------------------------------------------------------------------- */

static void close_process(struct reading *reading)
{
	if (!reading->pid)
		return;
	close(reading->dir);
	if (reading->fds >= 0)
		close(reading->fds);
	reading->pid = 0;
}

/* Descriptors come process by process: one is kept open. */
static int open_process(struct reading *reading, pid_t pid)
{
	int err;

	if (pid <= 0)
		return -ESRCH;
	if (reading->pid == pid)
		return 0;
	close_process(reading);
	reading->dir = proc_open(pid);
	if (reading->dir < 0)
		return reading->dir;
	reading->fds = openat(reading->dir, "fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (reading->fds < 0 && proc_failed(-errno)) {
		err = -errno;
		close(reading->dir);
		return err;
	}
	reading->pid = pid;
	return 0;
}

static int read_path(struct reading *reading, const struct crlock_holder *holder)
{
	char name[16];
	ssize_t len;
	int err;

	if (holder->kind == CRLOCK_HOLDER_IN_FLIGHT)
		return -ENOENT;
	err = open_process(reading, holder->tid);
	if (err)
		return err;
	if (holder->kind == CRLOCK_HOLDER_MAPPING)
		return proc_map_path(reading->dir, holder->where, reading->lines, reading->path,
				     sizeof(reading->path));
	snprintf(name, sizeof(name), "%d", holder->fd);
	len = proc_link(reading->fds, name, reading->path, sizeof(reading->path));
	return len < 0 ? len : 0;
}

static int set_path(struct reading *reading, struct lock *lock)
{
	int err = 0;

	for (size_t i = 0; i < lock->nr_holders && i < HOLDERS_TRIED; i++) {
		int ret = read_path(reading, &lock->holders[i].row);

		if (proc_failed(ret))
			err = ret;
		if (ret)
			continue;
		lock->path = strdup(reading->path);
		return lock->path ? 0 : -ENOMEM;
	}
	return err;
}

/* Sets the number, or -1 if it cannot be told. Returns: 0, or -errno. */
static int read_mnt_id(struct reading *reading, const struct lock *lock, int *mnt_id)
{
	*mnt_id = -1;
	for (size_t i = 0; i < lock->nr_holders && i < HOLDERS_TRIED; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;
		struct proc_fdinfo info;
		int err;

		if (holder->kind != CRLOCK_HOLDER_DESCRIPTOR)
			continue;
		err = open_process(reading, holder->tid);
		err = err ?: proc_fdinfo_read(reading->dir, holder->fd, reading->lines, &info, NULL, NULL);
		if (proc_failed(err))
			return err;
		if (!err) {
			*mnt_id = info.mnt_id;
			break;
		}
	}
	return 0;
}

static int set_mnt_id(struct reading *reading, struct lock *lock)
{
	void **cached;
	int err, mnt_id;

	if (lock->mnt_id >= 0 || !lock->row.mount_id)
		return 0;
	cached = lock_cache_get(&reading->mounts, lock->row.mount_id);
	if (!cached)
		return -ENOMEM;
	if (!*cached) {
		err = read_mnt_id(reading, lock, &mnt_id);
		if (err)
			return err;
		*cached = (void *)(intptr_t)(mnt_id + 1);
	}
	lock->mnt_id = (intptr_t)*cached - 1;
	return 0;
}

static int copy_path(struct lock *lock, const struct lock *from)
{
	if (!from->path)
		return 0;
	lock->path = strdup(from->path);
	return lock->path ? 0 : -ENOMEM;
}

/* The lock with the same holders that came first, which may be this one. */
static struct lock *first_of_description(struct reading *reading, struct lock *lock)
{
	void **cached;

	if (!lock->shared)
		return lock;
	cached = lock_cache_get(&reading->descriptions, (uintptr_t)lock->shared);
	if (cached && !*cached)
		*cached = lock;
	return cached ? *cached : NULL;
}

static int set_details(struct reading *reading, struct lock *lock, uint32_t details)
{
	struct lock *first = first_of_description(reading, lock);
	int err = first ? 0 : -ENOMEM;

	if (!err && details & LOCK_DETAIL_COMM)
		err = set_comms(reading, lock, first != lock);
	if (!err && details & LOCK_DETAIL_PATH)
		err = first != lock ? copy_path(lock, first) : set_path(reading, lock);
	if (!err && details & LOCK_DETAIL_MNT_ID)
		err = set_mnt_id(reading, lock);
	return err;
}

int lock_read_details(struct lock_list *list, uint32_t details)
{
	struct reading reading = { .lines = malloc(sizeof(*reading.lines)) };
	int err = reading.lines ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < list->nr; i++)
		err = set_details(&reading, &list->locks[i], details);
	close_process(&reading);
	lock_cache_free(&reading.comms, free);
	lock_cache_free(&reading.descriptions, NULL);
	lock_cache_free(&reading.mounts, NULL);
	free(reading.lines);
	return err;
}
