// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "crlock/verify/tasks.h"
#include "locks/append.h"
#include "procfs/call.h"
#include "procfs/fdinfo.h"
#include "procfs/process.h"
#include "procfs/tree.h"

#define PF_KTHREAD 0x00200000

/* Inode number of the first pid namespace, the same in every kernel. */
#define FIRST_PID_NAMESPACE 0xeffffffc

/* How often it is looked again, in a reading and for a process, and after how long: time to go to sleep in. */
#define AGAIN_MAX     64
#define AGAIN_MAX_PID 8
#define AGAIN_NS      300000

/* Filesystems that ask somebody else for locks. */
static const long remote_filesystems[] = {
	NFS_SUPER_MAGIC, FUSE_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC,	CEPH_SUPER_MAGIC,
	V9FS_MAGIC,	 AFS_SUPER_MAGIC,  AFS_FS_MAGIC,     OCFS2_SUPER_MAGIC, 0x01161970 /* gfs2 */,
};

struct reading {
	struct tasks *tasks;
	struct proc_lines *lines;
	struct task task; /* that is looked at */
	int dir; /* its own */
	struct proc_call call;
	bool narrow; /* of a program of 32 bits, which has other numbers */
};

static bool is_narrow(const struct proc_call *call)
{
	return sizeof(long) == 8 && call->sp <= UINT32_MAX && call->pc <= UINT32_MAX;
}

static bool is_remote(const struct reading *reading, int fd)
{
	struct statfs stat;
	char name[32];
	int file;
	bool remote = false;

	snprintf(name, sizeof(name), "fd/%d", fd);
	/* Without opening it: leases break by that. */
	file = openat(reading->dir, name, O_PATH | O_CLOEXEC);
	if (file < 0)
		return false;
	for (size_t i = 0; i < sizeof(remote_filesystems) / sizeof(*remote_filesystems); i++)
		remote |= !fstatfs(file, &stat) && (long)stat.f_type == remote_filesystems[i];
	close(file);
	return remote;
}

static bool set_file(struct reading *reading, int fd, struct proc_fdinfo *info)
{
	struct task *task = &reading->task;

	if (proc_fdinfo_read(reading->dir, fd, reading->lines, info, NULL, NULL))
		return false;
	task->fd = fd;
	task->remote = is_remote(reading, fd);
	task->wanted.unknown |= FIELD_DEVICE | (info->has_ino ? 0 : FIELD_INODE);
	task->wanted.line.has_inode = true;
	task->wanted.line.ino = info->ino;
	return true;
}

static bool wait_of_flock(struct reading *reading)
{
	struct proc_lock *line = &reading->task.wanted.line;
	uint64_t operation = reading->call.args[1];
	struct proc_fdinfo info;

	if ((operation != LOCK_SH && operation != LOCK_EX) ||
	    !set_file(reading, reading->call.args[0], &info))
		return false;
	line->kind = CRLOCK_KIND_FLOCK;
	line->type = operation == LOCK_SH ? F_RDLCK : F_WRLCK;
	line->pid = reading->task.tgid;
	line->end = CRLOCK_EOF;
	return true;
}

/* Returns: whether it makes sense. */
static bool set_range(struct task *task, const struct flock *lock, const struct proc_fdinfo *info)
{
	struct proc_lock *line = &task->wanted.line;
	int64_t from = lock->l_whence == SEEK_CUR ? info->pos : 0, start;

	if (lock->l_whence == SEEK_END)
		task->wanted.unknown |= FIELD_RANGE;
	if (__builtin_add_overflow(from, (int64_t)lock->l_start, &start))
		return false;
	line->start = lock->l_len < 0 ? start + lock->l_len : start;
	line->end = CRLOCK_EOF;
	if (lock->l_len)
		line->end = lock->l_len < 0 ? start - 1 : start + (lock->l_len - 1);
	return true;
}

static bool wait_of_fcntl(struct reading *reading)
{
	struct task *task = &reading->task;
	struct proc_lock *line = &task->wanted.line;
	struct proc_fdinfo info;
	struct flock lock;
	struct iovec here = { &lock, sizeof(lock) };
	struct iovec there = { (void *)(uintptr_t)reading->call.args[2], sizeof(lock) };

	if (reading->call.args[1] != F_SETLKW && reading->call.args[1] != F_OFD_SETLKW)
		return false;
	if (process_vm_readv(task->tid, &here, 1, &there, 1, 0) != sizeof(lock)) {
		reading->tasks->hidden |= errno == EPERM;
		return false;
	}
	if ((lock.l_type != F_RDLCK && lock.l_type != F_WRLCK) ||
	    !set_file(reading, reading->call.args[0], &info))
		return false;
	line->kind = reading->call.args[1] == F_SETLKW ? CRLOCK_KIND_POSIX : CRLOCK_KIND_OFD;
	line->type = lock.l_type;
	line->pid = line->kind == CRLOCK_KIND_OFD ? -1 : task->tgid;
	return set_range(task, &lock, &info);
}

/* Numbers of a program of 32 bits, and what it asks for with them. */
enum {
	NARROW_FCNTL = 55,
	NARROW_FLOCK = 143,
	NARROW_FCNTL64 = 221,
	NARROW_SETLKW = 7,
	NARROW_SETLKW64 = 14,
};

/* Its structs have other forms: type and range are let pass. */
static bool wait_of_narrow_fcntl(struct reading *reading)
{
	struct task *task = &reading->task;
	struct proc_lock *line = &task->wanted.line;
	struct proc_fdinfo info;
	bool ofd = reading->call.args[1] == F_OFD_SETLKW;

	if (!ofd && reading->call.args[1] != NARROW_SETLKW && reading->call.args[1] != NARROW_SETLKW64)
		return false;
	if (!set_file(reading, reading->call.args[0], &info))
		return false;
	task->wanted.unknown |= FIELD_TYPE | FIELD_RANGE;
	line->kind = ofd ? CRLOCK_KIND_OFD : CRLOCK_KIND_POSIX;
	line->pid = ofd ? -1 : task->tgid;
	return true;
}

/* How a call opens a file: O_RDONLY, O_WRONLY or O_RDWR; -1: it cannot be told. */
static int access_of_open(const struct reading *reading)
{
	if (reading->narrow)
		return -1;
	switch (reading->call.nr) {
	case SYS_openat:
		return reading->call.args[2] & O_ACCMODE;
#ifdef SYS_open
	case SYS_open:
		return reading->call.args[1] & O_ACCMODE;
#endif
	}
	return -1;
}

/* Where it sleeps says that an open waits for a lease. */
static bool wait_of_open(struct reading *reading)
{
	struct entry *wanted = &reading->task.wanted;
	char where[64];
	int access;

	if (proc_read(reading->dir, "wchan", where, sizeof(where)) <= 0 || !strstr(where, "break_lease"))
		return false;
	reading->task.fd = -1;
	*wanted = (struct entry){
		.line = {
			.kind = CRLOCK_KIND_LEASE,
			.state = PROC_LOCK_BREAKER,
			.pid = reading->task.tgid,
			.end = CRLOCK_EOF,
		},
	};
	access = access_of_open(reading);
	if (access < 0)
		wanted->unknown = FIELD_TYPE | FIELD_KIND;
	else
		wanted->line.type = access == O_RDONLY ? F_RDLCK : F_WRLCK;
	return true;
}

/* Stopped and frozen threads have left the kernel's lists, and queue again later. */
static bool sleeps(const struct reading *reading)
{
	struct proc_stat stat;
	char where[64] = "";

	if (proc_stat_read(reading->dir, &stat) || (stat.state != 'S' && stat.state != 'D'))
		return false;
	if (proc_read(reading->dir, "wchan", where, sizeof(where)) < 0)
		return true;
	return !strstr(where, "freezer") && !strstr(where, "refrigerator");
}

static bool narrow_waits(struct reading *reading)
{
	switch (reading->call.nr) {
	case NARROW_FLOCK:
		return wait_of_flock(reading) && sleeps(reading);
	case NARROW_FCNTL:
	case NARROW_FCNTL64:
		return wait_of_narrow_fcntl(reading) && sleeps(reading);
	default:
		return wait_of_open(reading);
	}
}

static bool waits(struct reading *reading)
{
	if (reading->narrow)
		return narrow_waits(reading);
	if (reading->call.nr == SYS_flock)
		return wait_of_flock(reading) && sleeps(reading);
	if (reading->call.nr == SYS_fcntl)
		return wait_of_fcntl(reading) && sleeps(reading);
	return wait_of_open(reading);
}

static int read_thread(struct reading *reading, pid_t tgid, pid_t tid)
{
	int err;

	reading->dir = proc_open(tid);
	if (reading->dir < 0)
		return 0;
	reading->task = (struct task){ .tgid = tgid, .tid = tid };
	err = proc_call_read(reading->dir, &reading->call);
	reading->tasks->hidden |= err == -EPERM || err == -EACCES;
	reading->narrow = is_narrow(&reading->call);
	err = !err && waits(reading) ? append(reading->tasks->tasks, reading->tasks->nr, reading->task) : 0;
	close(reading->dir);
	return err;
}

static void look_for_lockd(struct tasks *tasks, int dir)
{
	struct proc_stat stat;

	if (!proc_stat_read(dir, &stat) && stat.flags & PF_KTHREAD && !strcmp(stat.comm, "lockd"))
		tasks->lockd = true;
}

static bool is_known(const struct task *tasks, size_t nr, pid_t tid)
{
	for (size_t i = 0; i < nr; i++) {
		if (tasks[i].tid == tid)
			return true;
	}
	return false;
}

/* Without the threads that are among the first @nr_known. */
static int read_process(struct reading *reading, pid_t pid, size_t nr_known)
{
	struct proc_pids threads = { 0 };
	int dir = proc_open(pid), err;

	if (dir < 0)
		return 0;
	look_for_lockd(reading->tasks, dir);
	err = proc_pids_threads(&threads, dir);
	close(dir);
	for (size_t i = 0; err != -ENOMEM && i < threads.nr; i++) {
		if (!is_known(reading->tasks->tasks, nr_known, threads.pids[i]))
			err = read_thread(reading, pid, threads.pids[i]);
	}
	proc_pids_free(&threads);
	return err == -ENOMEM ? err : 0;
}

/* The array has its place only now. */
static void set_places(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->nr; i++)
		tasks->tasks[i].wanted.task = &tasks->tasks[i];
}

static bool is_inside(void)
{
	struct stat stat;

	return !fstatat(AT_FDCWD, "/proc/self/ns/pid", &stat, 0) && stat.st_ino != FIRST_PID_NAMESPACE;
}

int tasks_read(struct tasks *tasks)
{
	struct reading reading = { .tasks = tasks, .lines = malloc(sizeof(*reading.lines)) };
	struct proc_pids pids = { 0 };
	int err;

	*tasks = (struct tasks){ .inside = is_inside() };
	err = reading.lines ? proc_pids_all(&pids) : -ENOMEM;
	for (size_t i = 0; !err && i < pids.nr; i++)
		err = read_process(&reading, pids.pids[i], 0);
	set_places(tasks);
	proc_pids_free(&pids);
	free(reading.lines);
	return err;
}

int tasks_look_again(struct tasks *tasks, pid_t pid, size_t missing)
{
	struct reading reading = { .tasks = tasks, .lines = malloc(sizeof(*reading.lines)) };
	const struct timespec moment = { .tv_nsec = AGAIN_NS };
	size_t nr_known = tasks->nr;
	int err = reading.lines ? 0 : -ENOMEM;

	for (int i = 0; !err && tasks->nr - nr_known < missing && i < AGAIN_MAX_PID; i++) {
		if (tasks->nr_again++ >= AGAIN_MAX)
			break;
		nanosleep(&moment, NULL);
		err = read_process(&reading, pid, tasks->nr);
	}
	set_places(tasks);
	free(reading.lines);
	return err;
}

void tasks_free(struct tasks *tasks)
{
	free(tasks->tasks);
	*tasks = (struct tasks){ 0 };
}

bool tasks_same_owner(const struct task *a, const struct task *b)
{
	int kind = a->wanted.line.kind, order;

	if (kind != b->wanted.line.kind)
		return false;
	order = kind == CRLOCK_KIND_POSIX ? syscall(SYS_kcmp, a->tid, b->tid, KCMP_FILES, 0, 0)
					  : syscall(SYS_kcmp, a->tid, b->tid, KCMP_FILE, a->fd, b->fd);
	/* Where it cannot be told, nobody is accused. */
	return order <= 0;
}
