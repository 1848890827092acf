// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leases that were being broken: a lease begins to break when someone opens its file, and how long its holder
 * has is what /proc/sys/fs/lease-break-time says at that moment. See __break_lease() of the kernel's
 * fs/locks.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "locks/apply.h"

static const char break_time_file[] = "/proc/sys/fs/lease-break-time";

/* Where those queue who change it: that file itself anybody can open, and lock. */
static const char turn_file[] = "/proc/1/fd";

#define BREAK_TIME_WAIT_MS 5000

int lock_notice_get(struct lock_notice *notice, const struct lock_actor *actor, int fd)
{
	int err = actor->fcntl_struct(actor->data, fd, F_GETOWN_EX, &notice->owner, sizeof(notice->owner));

	if (err < 0)
		return err;
	notice->signum = actor->fcntl(actor->data, fd, F_GETSIG, 0);
	return notice->signum < 0 ? notice->signum : 0;
}

int lock_notice_set(const struct lock_notice *notice, const struct lock_actor *actor, int fd)
{
	struct f_owner_ex owner = notice->owner;
	int err = actor->fcntl(actor->data, fd, F_SETSIG, notice->signum);

	return err ?: actor->fcntl_struct(actor->data, fd, F_SETOWN_EX, &owner, sizeof(owner));
}

bool lock_is_breaking(const struct lock *lock)
{
	return lock->row.kind == CRLOCK_KIND_LEASE &&
	       (lock->row.held != lock->row.target ||
		lock->row.state & (CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING));
}

int lock_lease_target(const struct lock *lock)
{
	return lock_is_breaking(lock) ? lock->row.target : lock->row.held;
}

/* ---- The break time ---- */

struct break_time {
	int fd, turn;
	char saved[32];
	ssize_t saved_len;
	/* Who writes back what was saved if this process is killed: it waits at the other end of a pipe. */
	pid_t guard; /* 0: nothing is changed */
	int to_guard;
};

/* Who else restores leases must not take our time for the system's. */
static int wait_for_turn(int fd)
{
	struct timespec nap = { 0, 5000000 };

	for (int ms = 0; ms < BREAK_TIME_WAIT_MS; ms += 5) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		nanosleep(&nap, NULL);
	}
	return -EBUSY;
}

static void close_both(const struct break_time *time)
{
	if (time->turn >= 0)
		close(time->turn);
	close(time->fd);
}

static int break_time_open(struct break_time *time)
{
	int err;

	*time = (struct break_time){ .fd = open(break_time_file, O_RDWR | O_CLOEXEC) };
	if (time->fd < 0)
		return 0;
	time->turn = open(turn_file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = wait_for_turn(time->turn < 0 ? time->fd : time->turn);
	if (!err) {
		time->saved_len = pread(time->fd, time->saved, sizeof(time->saved), 0);
		if (time->saved_len <= 0)
			err = -EIO;
	}
	if (err)
		close_both(time);
	return err;
}

static bool write_back(const struct break_time *time)
{
	return pwrite(time->fd, time->saved, time->saved_len, 0) == time->saved_len;
}

/* A session of its own keeps it from what is sent to a group; memory of its own, from what ends who shares ours. */
static bool start_guard(struct break_time *time)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	time->to_guard = ends[1];
	time->guard = fork();
	if (!time->guard) {
		setsid();
		close(ends[1]);
		/* Nothing is ever written there. */
		_exit(!read(ends[0], &byte, 1) && write_back(time) ? 0 : 1);
	}
	close(ends[0]);
	if (time->guard > 0)
		return true;
	close(ends[1]);
	time->guard = 0;
	return false;
}

static void end_guard(const struct break_time *time)
{
	kill(time->guard, SIGKILL);
	close(time->to_guard);
	while (waitpid(time->guard, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* Returns: whether it could be set. */
static bool break_time_set(struct break_time *time, long long seconds)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lld\n", seconds);

	if (time->fd < 0 || (!time->guard && !start_guard(time)))
		return false;
	return pwrite(time->fd, text, len, 0) == len;
}

static int break_time_close(struct break_time *time)
{
	int err = 0;

	if (time->fd < 0)
		return 0;
	if (time->guard) {
		err = write_back(time) ? 0 : -errno;
		end_guard(time);
	}
	close_both(time);
	return err;
}

/* Whole seconds that last as long as what was left; 0 is no deadline. */
static long long seconds_of(int64_t ms)
{
	const long long longest = 0x7fffffff;

	if (ms == CRLOCK_NO_DEADLINE)
		return 0;
	if (ms <= 0)
		return 1;
	return ms / 1000 < longest ? (ms + 999) / 1000 : longest;
}

/* ---- The break ---- */

/* Opens as the one did who broke it; that this cannot be done at once is what shows that it breaks. */
static int break_by(int fd, int mode)
{
	char name[64];
	int opened;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	opened = open(name, mode | O_NONBLOCK | O_CLOEXEC);
	if (opened < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	close(opened);
	return -EPROTO;
}

static int break_one(struct break_time *time, int fd, int mode, int64_t ms, bool known, bool *late)
{
	/* What is not known is the whole time. */
	if (known && !break_time_set(time, seconds_of(ms)))
		*late = true;
	return break_by(fd, mode);
}

int lock_lease_break(const struct lock *lock, int fd, bool *late)
{
	const struct crlock_lock *row = &lock->row;
	bool known = !(lock->unknown & LOCK_UNKNOWN_DEADLINE);
	bool downgrade = row->state & CRLOCK_LOCK_DOWNGRADE_PENDING;
	bool unlock = row->state & CRLOCK_LOCK_UNLOCK_PENDING;
	struct break_time time;
	int err;

	if (!downgrade && !unlock) {
		downgrade = row->target == F_RDLCK;
		unlock = !downgrade;
	}
	err = break_time_open(&time);
	if (err)
		return err;
	/* In this order: a lease that is to be given up is not downgraded any more. */
	if (downgrade)
		err = break_one(&time, fd, O_RDONLY, row->downgrade_ms, known, late);
	if (!err && unlock)
		err = break_one(&time, fd, O_WRONLY, row->break_ms, known, late);
	return break_time_close(&time) ?: err;
}
