// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who waits for the lock of a description: /proc/locks has -1 for its process. A thread that waits is in
 * fcntl(F_OFD_SETLKW), and /proc/PID/task/TID/syscall shows with which arguments. Of several that ask for the
 * same, nothing tells which request is whose.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "locks/append.h"
#include "locks/source.h"
#include "procfs/call.h"
#include "procfs/fdinfo.h"
#include "procfs/mountinfo.h"
#include "procfs/tree.h"

/* What a thread asks for. */
struct asker {
	pid_t tgid;
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	uint8_t type;
	int64_t start, end;
};

struct reading {
	struct asker *askers;
	size_t nr;
	struct proc_lines *lines;
};

/* One thread ---------------------------------------------------------------------------------------- */

/* Its range, if it is told from the start of the file: the end and the position can have changed since. */
static bool read_request(pid_t tid, uint64_t address, struct asker *asker)
{
	struct flock request;
	struct iovec local = { &request, sizeof(request) }, remote = { (void *)address, sizeof(request) };
	off_t last;

	if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != sizeof(request) ||
	    request.l_whence != SEEK_SET || request.l_start < 0)
		return false;
	asker->type = request.l_type;
	asker->start = request.l_start;
	asker->end = CRLOCK_EOF;
	if (request.l_len > 0) {
		if (__builtin_add_overflow(request.l_start, request.l_len - 1, &last))
			return false;
		asker->end = last;
	} else if (request.l_len < 0) {
		asker->end = request.l_start - 1;
		asker->start = request.l_start + request.l_len;
	}
	return true;
}

static bool read_file(struct reading *reading, int dir, pid_t tid, int fd, struct asker *asker)
{
	struct proc_mounts *mounts;
	struct proc_mount mount;
	struct proc_fdinfo info;
	bool found;

	if (proc_fdinfo_read(dir, fd, reading->lines, &info, NULL, NULL) || !info.has_ino ||
	    proc_mounts_read(&mounts, tid))
		return false;
	found = !proc_mounts_find(mounts, info.mnt_id, &mount);
	if (found) {
		asker->ino = info.ino;
		asker->dev_major = mount.dev_major;
		asker->dev_minor = mount.dev_minor;
	}
	proc_mounts_free(mounts);
	return found;
}

static bool read_thread(struct reading *reading, int process, pid_t tid, struct asker *asker)
{
	struct proc_call call;
	char name[64];
	bool ok;
	int dir;

	snprintf(name, sizeof(name), "task/%d", tid);
	dir = openat(process, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	ok = !proc_call_read(dir, &call) && call.nr == SYS_fcntl && (uint32_t)call.args[1] == F_OFD_SETLKW &&
	     read_request(tid, call.args[2], asker) && read_file(reading, dir, tid, call.args[0], asker);
	close(dir);
	return ok;
}

/* All threads --------------------------------------------------------------------------------------- */

/* What cannot be read is gone, or not ours to read. */
static int read_process(struct reading *reading, pid_t pid)
{
	struct proc_pids threads = { 0 };
	int dir = proc_open(pid), err;

	if (dir < 0)
		return 0;
	err = proc_pids_threads(&threads, dir);
	for (size_t i = 0; !err && i < threads.nr; i++) {
		struct asker asker = { .tgid = pid };

		if (read_thread(reading, dir, threads.pids[i], &asker))
			err = append(reading->askers, reading->nr, asker);
	}
	proc_pids_free(&threads);
	close(dir);
	return err == -ENOMEM ? err : 0;
}

static int read_processes(struct reading *reading)
{
	struct proc_pids pids = { 0 };
	int err = proc_pids_all(&pids);

	for (size_t i = 0; !err && i < pids.nr; i++)
		err = read_process(reading, pids.pids[i]);
	proc_pids_free(&pids);
	return err == -ENOMEM ? err : 0;
}

/* Joining ------------------------------------------------------------------------------------------- */

static bool is_unknown(const struct lock_waiter *waiter)
{
	return !waiter->pid && waiter->kind == CRLOCK_KIND_OFD;
}

static bool any_unknown(const struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		for (size_t j = 0; j < list->locks[i].nr_waiters; j++) {
			if (is_unknown(&list->locks[i].waiters[j]))
				return true;
		}
	}
	return false;
}

static bool asks_for(const struct asker *asker, const struct crlock_lock *row,
		     const struct lock_waiter *waiter)
{
	return asker->ino == row->ino && asker->dev_major == row->dev_major &&
	       asker->dev_minor == row->dev_minor && asker->type == waiter->type &&
	       asker->start == waiter->start && asker->end == waiter->end;
}

/* Each asker has one request. */
static void set_process(struct reading *reading, const struct crlock_lock *row, struct lock_waiter *waiter)
{
	for (size_t i = 0; i < reading->nr; i++) {
		struct asker *asker = &reading->askers[i];

		if (!asker->tgid || !asks_for(asker, row, waiter))
			continue;
		waiter->pid = asker->tgid;
		asker->tgid = 0;
		return;
	}
}

static void join(struct reading *reading, struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		struct lock *lock = &list->locks[i];

		for (size_t j = 0; j < lock->nr_waiters; j++) {
			if (is_unknown(&lock->waiters[j]))
				set_process(reading, &lock->row, &lock->waiters[j]);
		}
	}
}

int lock_find_askers(struct lock_list *list)
{
	struct reading reading = { 0 };
	int err;

	if (!any_unknown(list))
		return 0;
	reading.lines = malloc(sizeof(*reading.lines));
	err = reading.lines ? read_processes(&reading) : -ENOMEM;
	if (!err)
		join(&reading, list);
	free(reading.askers);
	free(reading.lines);
	return err;
}
