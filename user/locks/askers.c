// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "locks/append.h"
#include "locks/askers.h"
#include "procfs/call.h"
#include "procfs/fdinfo.h"
#include "procfs/mountinfo.h"

struct reading {
	struct lock_askers *askers;
	uint32_t kinds;
	struct proc_lines *lines;
};

bool lock_is_asking(long call)
{
	return call == SYS_flock || call == SYS_fcntl;
}

/* What it asks for ----------------------------------------------------------------------------------- */

/* Returns: whether there is no overflow. */
static bool set_range(struct lock_asker *asker, off_t start, off_t len)
{
	off_t last;

	if (start < 0)
		return false;
	asker->start = start;
	asker->end = CRLOCK_EOF;
	if (len > 0) {
		if (__builtin_add_overflow(start, len - 1, &last))
			return false;
		asker->end = last;
	} else if (len < 0) {
		asker->end = start - 1;
		asker->start = start + len;
	}
	return true;
}

/* Its range as the file's position is now, which can have changed since, as the file's end can. */
static bool read_request(struct lock_asker *asker, uint64_t address, int64_t pos)
{
	struct flock request;
	struct iovec local = { &request, sizeof(request) }, remote = { (void *)address, sizeof(request) };

	if (process_vm_readv(asker->tid, &local, 1, &remote, 1, 0) != sizeof(request) ||
	    (request.l_type != F_RDLCK && request.l_type != F_WRLCK))
		return false;
	asker->type = request.l_type;
	if (request.l_whence == SEEK_CUR && __builtin_add_overflow(request.l_start, pos, &request.l_start))
		return true;
	if (request.l_whence == SEEK_SET || request.l_whence == SEEK_CUR)
		asker->ranged = set_range(asker, request.l_start, request.l_len);
	return true;
}

static bool set_flock(struct lock_asker *asker, uint64_t operation)
{
	asker->type = operation & LOCK_EX ? F_WRLCK : F_RDLCK;
	asker->end = CRLOCK_EOF;
	asker->ranged = true;
	return operation & (LOCK_EX | LOCK_SH);
}

static bool find_device(struct lock_asker *asker, int mnt_id)
{
	struct proc_mounts *mounts;
	struct proc_mount mount;
	bool found;

	if (proc_mounts_read(&mounts, asker->tid))
		return false;
	found = !proc_mounts_find(mounts, mnt_id, &mount);
	if (found) {
		asker->dev_major = mount.dev_major;
		asker->dev_minor = mount.dev_minor;
	}
	proc_mounts_free(mounts);
	return found;
}

static bool read_call(struct reading *reading, int dir, const struct proc_call *call,
		      struct lock_asker *asker)
{
	struct proc_fdinfo info;

	if (proc_fdinfo_read(dir, call->args[0], reading->lines, &info, NULL, NULL) || !info.has_ino)
		return false;
	asker->ino = info.ino;
	if (asker->kind == CRLOCK_KIND_FLOCK ? !set_flock(asker, call->args[1])
					     : !read_request(asker, call->args[2], info.pos))
		return false;
	return find_device(asker, info.mnt_id);
}

/* Returns: the kind of lock that a call waits for, -1: none. */
static int kind_of(const struct proc_call *call)
{
	if (call->nr == SYS_flock)
		return CRLOCK_KIND_FLOCK;
	if (call->nr != SYS_fcntl)
		return -1;
	switch ((uint32_t)call->args[1]) {
	case F_SETLKW:
		return CRLOCK_KIND_POSIX;
	case F_OFD_SETLKW:
		return CRLOCK_KIND_OFD;
	default:
		return -1;
	}
}

/* All threads --------------------------------------------------------------------------------------- */

static uint64_t read_since(int dir)
{
	char text[1024], *at;
	uint64_t ms, ns;

	if (proc_read(dir, "sched", text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, "\nse.exec_start ");
	at = at ? strchr(at, ':') : NULL;
	if (!at || sscanf(at + 1, "%" SCNu64 ".%" SCNu64, &ms, &ns) != 2)
		return 0;
	return ms * 1000000 + ns;
}

static bool read_thread(struct reading *reading, int process, struct lock_asker *asker)
{
	struct proc_call call;
	int dir, kind = -1;
	char name[64];
	bool ok;

	snprintf(name, sizeof(name), "task/%d", asker->tid);
	dir = openat(process, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	if (!proc_call_read(dir, &call))
		kind = kind_of(&call);
	asker->kind = kind;
	ok = kind >= 0 && reading->kinds & 1U << kind && read_call(reading, dir, &call, asker);
	if (ok)
		asker->since = read_since(dir);
	close(dir);
	return ok;
}

static int read_process(struct reading *reading, pid_t pid)
{
	struct proc_pids threads = { 0 };
	int dir = proc_open(pid), err;

	if (dir < 0)
		return 0;
	err = proc_pids_threads(&threads, dir);
	for (size_t i = 0; !err && i < threads.nr; i++) {
		struct lock_asker asker = { .tgid = pid, .tid = threads.pids[i] };

		if (read_thread(reading, dir, &asker))
			err = append(reading->askers->rows, reading->askers->nr, asker);
	}
	proc_pids_free(&threads);
	close(dir);
	return err == -ENOMEM ? err : 0;
}

int lock_askers_read(struct lock_askers *askers, const struct proc_pids *pids, uint32_t kinds)
{
	struct reading reading = { askers, kinds, malloc(sizeof(*reading.lines)) };
	int err = reading.lines ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < pids->nr; i++)
		err = read_process(&reading, pids->pids[i]);
	free(reading.lines);
	return err;
}

void lock_askers_free(struct lock_askers *askers)
{
	free(askers->rows);
	*askers = (struct lock_askers){ 0 };
}
