// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "locks/apply.h"

static int self_flock(void *data, int fd, int operation)
{
	(void)data;
	return flock(fd, operation) ? -errno : 0;
}

static int self_fcntl(void *data, int fd, int cmd, long arg)
{
	int ret = fcntl(fd, cmd, arg);

	(void)data;
	return ret < 0 ? -errno : ret;
}

static int self_fcntl_struct(void *data, int fd, int cmd, void *arg, size_t size)
{
	int ret = fcntl(fd, cmd, arg);

	(void)data;
	(void)size;
	return ret < 0 ? -errno : ret;
}

const struct lock_actor lock_self = {
	.flock = self_flock,
	.fcntl = self_fcntl,
	.fcntl_struct = self_fcntl_struct,
};

bool lock_is_range(unsigned int kind)
{
	return kind == CRLOCK_KIND_POSIX || kind == CRLOCK_KIND_OFD;
}

bool lock_overlap(const struct lock *a, const struct lock *b)
{
	if (!lock_is_range(a->row.kind) || !lock_is_range(b->row.kind))
		return true;
	return a->row.start <= b->row.end && b->row.start <= a->row.end;
}

bool lock_conflict(const struct lock *a, const struct lock *b)
{
	/* Locks of processes and of descriptions are judged together, the others each for itself. */
	if (a->row.kind != b->row.kind && !(lock_is_range(a->row.kind) && lock_is_range(b->row.kind)))
		return false;
	return (a->row.held == F_WRLCK || b->row.held == F_WRLCK) && lock_overlap(a, b);
}

static int set_range(const struct lock *lock, const struct lock_actor *actor, int fd, short type)
{
	const struct crlock_lock *row = &lock->row;
	struct flock flock = { .l_type = type, .l_whence = SEEK_SET, .l_start = row->start };

	if (row->start < 0 || row->end < row->start)
		return -ERANGE;
	/* 0 is "to the largest offset". */
	flock.l_len = row->end == CRLOCK_EOF ? 0 : row->end - row->start + 1;
	return actor->fcntl_struct(actor->data, fd, row->kind == CRLOCK_KIND_OFD ? F_OFD_SETLK : F_SETLK,
				   &flock, sizeof(flock));
}

int lock_take(const struct lock *lock, const struct lock_actor *actor, int fd)
{
	const struct crlock_lock *row = &lock->row;
	int err;

	switch (row->kind) {
	case CRLOCK_KIND_FLOCK:
		err = actor->flock(actor->data, fd, (row->held == F_WRLCK ? LOCK_EX : LOCK_SH) | LOCK_NB);
		break;
	case CRLOCK_KIND_POSIX:
	case CRLOCK_KIND_OFD:
		err = set_range(lock, actor, fd, row->held);
		break;
	case CRLOCK_KIND_LEASE:
		err = actor->fcntl(actor->data, fd, F_SETLEASE, row->held);
		break;
	default:
		return -EOPNOTSUPP;
	}
	/* POSIX allows both. */
	return err == -EACCES && lock_is_range(row->kind) ? -EAGAIN : err;
}

int lock_drop(const struct lock *lock, const struct lock_actor *actor, int fd)
{
	switch (lock->row.kind) {
	case CRLOCK_KIND_FLOCK:
		return actor->flock(actor->data, fd, LOCK_UN);
	case CRLOCK_KIND_POSIX:
	case CRLOCK_KIND_OFD:
		return set_range(lock, actor, fd, F_UNLCK);
	case CRLOCK_KIND_LEASE:
		return actor->fcntl(actor->data, fd, F_SETLEASE, F_UNLCK);
	}
	return -EOPNOTSUPP;
}
