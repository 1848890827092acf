// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leases that were being broken: a lease begins to break when someone opens its file, and how long its holder
 * has is what /proc/sys/fs/lease-break-time says at that moment. See __break_lease() of the kernel's
 * fs/locks.c.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
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

/* One, where a signal handler or who has this memory finds it. */
static struct break_time {
	int fd, turn;
	char saved[32];
	ssize_t saved_len;
	atomic_bool changed;
} break_time;

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

static void close_both(void)
{
	if (break_time.turn >= 0)
		close(break_time.turn);
	close(break_time.fd);
}

static int break_time_open(void)
{
	int err;

	break_time.fd = open(break_time_file, O_RDWR | O_CLOEXEC);
	if (break_time.fd < 0)
		return 0;
	break_time.turn = open(turn_file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = wait_for_turn(break_time.turn < 0 ? break_time.fd : break_time.turn);
	if (!err) {
		break_time.saved_len = pread(break_time.fd, break_time.saved, sizeof(break_time.saved), 0);
		if (break_time.saved_len <= 0)
			err = -EIO;
	}
	if (err)
		close_both();
	return err;
}

/* Returns: whether it could be set. */
static bool break_time_set(long long seconds)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lld\n", seconds);

	if (break_time.fd < 0)
		return false;
	atomic_store(&break_time.changed, true);
	return pwrite(break_time.fd, text, len, 0) == len;
}

bool lock_break_time_undo(void)
{
	bool done = !atomic_load(&break_time.changed) ||
		    pwrite(break_time.fd, break_time.saved, break_time.saved_len, 0) == break_time.saved_len;

	atomic_store(&break_time.changed, false);
	return done;
}

static int break_time_close(void)
{
	int err;

	if (break_time.fd < 0)
		return 0;
	err = lock_break_time_undo() ? 0 : -errno;
	close_both();
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

static int break_one(int fd, int mode, int64_t ms, bool known, bool *late)
{
	/* What is not known is the whole time. */
	if (known && !break_time_set(seconds_of(ms)))
		*late = true;
	return break_by(fd, mode);
}

int lock_lease_break(const struct lock *lock, int fd, bool *late)
{
	const struct crlock_lock *row = &lock->row;
	bool known = !(lock->unknown & LOCK_UNKNOWN_DEADLINE);
	bool downgrade = row->state & CRLOCK_LOCK_DOWNGRADE_PENDING;
	bool unlock = row->state & CRLOCK_LOCK_UNLOCK_PENDING;
	int err;

	if (!downgrade && !unlock) {
		downgrade = row->target == F_RDLCK;
		unlock = !downgrade;
	}
	err = break_time_open();
	if (err)
		return err;
	/* In this order: a lease that is to be given up is not downgraded any more. */
	if (downgrade)
		err = break_one(fd, O_RDONLY, row->downgrade_ms, known, late);
	if (!err && unlock)
		err = break_one(fd, O_WRONLY, row->break_ms, known, late);
	return break_time_close() ?: err;
}
