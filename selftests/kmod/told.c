// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"
#include "told.h"

static int keep_lock(const struct crlock_lock *row, const struct crlock_holder *holders, size_t nr_holders,
		     void *data)
{
	struct told *told = data;
	struct told_lock *lock = &told->locks[told->nr];

	if (told->nr == TOLD_LOCKS_MAX || nr_holders > TOLD_HOLDERS_MAX)
		return -E2BIG;
	lock->row = *row;
	memcpy(lock->holders, holders, nr_holders * sizeof(*holders));
	lock->nr_holders = nr_holders;
	told->nr++;
	return 0;
}

int told_locks(struct told *told, const struct crlock_filter *filter)
{
	struct crlock *crlock;
	int err;

	told->nr = 0;
	told->text[0] = '\0';
	err = crlock_open(&crlock);
	if (err)
		return err;
	err = crlock_each_lock(crlock, filter, keep_lock, told);
	snprintf(told->text, sizeof(told->text), "%s", crlock_error(crlock));
	crlock_close(crlock);
	return err;
}

int told_locks_of(struct told *told, int fd)
{
	struct truth truth;
	struct crlock_filter filter = { .by_inode = true };

	if (!truth_read(&truth, getpid(), fd) || !truth.has_dev)
		return -EBADF;
	filter.dev_major = truth.dev_major;
	filter.dev_minor = truth.dev_minor;
	filter.ino = truth.ino;
	return told_locks(told, &filter);
}

int told_lock_of(struct told_lock *lock, int fd)
{
	struct told *told = malloc(sizeof(*told));
	int err;

	if (!told)
		return -ENOMEM;
	err = told_locks_of(told, fd);
	if (!err && told->nr != 1)
		err = told->nr ? -E2BIG : -ENOENT;
	if (!err)
		*lock = told->locks[0];
	free(told);
	return err;
}

static int keep_file(const struct crlock_file *file, void *data)
{
	struct told_files *told = data;

	if (told->nr == TOLD_FILES_MAX)
		return -E2BIG;
	told->files[told->nr++] = *file;
	return 0;
}

int told_files_of(struct told_files *told, const pid_t *tgids, size_t nr_tgids)
{
	struct crlock *crlock;
	int err;

	told->nr = 0;
	told->text[0] = '\0';
	err = crlock_open(&crlock);
	if (err)
		return err;
	err = crlock_each_file(crlock, tgids, nr_tgids, keep_file, told);
	snprintf(told->text, sizeof(told->text), "%s", crlock_error(crlock));
	crlock_close(crlock);
	return err;
}

int told_file(struct crlock_file *file, pid_t tgid, int fd)
{
	struct told_files *told = malloc(sizeof(*told));
	size_t i;
	int err;

	if (!told)
		return -ENOMEM;
	err = told_files_of(told, &tgid, 1);
	for (i = 0; i < told->nr && told->files[i].fd != fd; i++)
		;
	if (!err && i == told->nr)
		err = -ENOENT;
	if (!err)
		*file = told->files[i];
	free(told);
	return err;
}

const struct told_lock *told_kind(const struct told *told, enum crlock_kind kind)
{
	for (size_t i = 0; i < told->nr; i++)
		if (told->locks[i].row.kind == kind)
			return &told->locks[i];
	return NULL;
}

const struct crlock_holder *told_descriptor(const struct told_lock *lock, pid_t tgid, int fd)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i];

		if (holder->kind == CRLOCK_HOLDER_DESCRIPTOR && holder->tgid == tgid && holder->fd == fd)
			return holder;
	}
	return NULL;
}

const struct crlock_holder *told_holder(const struct told_lock *lock, enum crlock_holder_kind kind)
{
	for (size_t i = 0; i < lock->nr_holders; i++)
		if (lock->holders[i].kind == kind)
			return &lock->holders[i];
	return NULL;
}
