// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "locks/format.h"

void lock_format_offset(struct lock_buffer *buffer, int64_t offset)
{
	if (offset == CRLOCK_EOF)
		lock_buffer_add(buffer, "EOF");
	else
		lock_buffer_number(buffer, offset);
}

void lock_format_seconds(struct lock_buffer *buffer, int64_t ms)
{
	uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;

	lock_buffer_format(buffer, "%s%" PRIu64 ".%us", ms < 0 ? "-" : "", left / 1000,
			   (unsigned int)(left % 1000 / 100));
}

static void add_pending(struct lock_buffer *buffer, const struct lock *lock, unsigned int type, int64_t ms)
{
	lock_buffer_add(buffer, ">");
	lock_buffer_add(buffer, lock_type_name(type));
	if (lock->unknown & LOCK_UNKNOWN_DEADLINE) {
		lock_buffer_add(buffer, " ?");
	} else if (ms != CRLOCK_NO_DEADLINE) {
		lock_buffer_add(buffer, " ");
		lock_format_seconds(buffer, ms);
	}
}

void lock_format_state(struct lock_buffer *buffer, const struct lock *lock)
{
	const struct crlock_lock *row = &lock->row;

	lock_buffer_add(buffer, lock_type_name(row->held));
	if (lock->unknown & LOCK_UNKNOWN_HELD)
		lock_buffer_add(buffer, "?");
	if (row->state & CRLOCK_LOCK_DOWNGRADE_PENDING)
		add_pending(buffer, lock, F_RDLCK, row->downgrade_ms);
	if (row->state & CRLOCK_LOCK_UNLOCK_PENDING)
		add_pending(buffer, lock, F_UNLCK, row->break_ms);
}

static void add_pid(struct lock_buffer *buffer, pid_t pid)
{
	if (pid > 0)
		lock_buffer_number(buffer, pid);
	else
		lock_buffer_add(buffer, "?");
}

static void add_task(struct lock_buffer *buffer, const struct crlock_holder *holder)
{
	add_pid(buffer, holder->tgid);
	if (holder->tid != holder->tgid) {
		lock_buffer_add(buffer, "/");
		add_pid(buffer, holder->tid);
	}
}

void lock_format_holder(struct lock_buffer *buffer, const struct crlock_holder *holder)
{
	switch (holder->kind) {
	case CRLOCK_HOLDER_DESCRIPTOR:
		add_task(buffer, holder);
		lock_buffer_add(buffer, ":");
		lock_buffer_number(buffer, holder->fd);
		break;
	case CRLOCK_HOLDER_MAPPING:
		add_task(buffer, holder);
		lock_buffer_format(buffer, "@%" PRIx64 "(mapping)", (uint64_t)holder->where);
		break;
	case CRLOCK_HOLDER_IN_FLIGHT:
		lock_buffer_format(buffer, "socket:[%" PRIu64 "](in flight)", (uint64_t)holder->where);
		break;
	default:
		lock_buffer_format(buffer, "kind %u", holder->kind);
	}
}

static void add_comm(struct lock_buffer *buffer, const char *comm)
{
	lock_buffer_add(buffer, "(");
	lock_buffer_printable(buffer, comm);
	lock_buffer_add(buffer, ")");
}

void lock_format_holder_list(struct lock_buffer *buffer, const struct lock_holder *holders, size_t nr,
			     const char *comm)
{
	for (size_t i = 0; i < nr; i++) {
		const struct lock_holder *holder = &holders[i];

		if (i)
			lock_buffer_add(buffer, ",");
		lock_format_holder(buffer, &holder->row);
		if (holder->comm && (!comm || strcmp(holder->comm, comm)))
			add_comm(buffer, holder->comm);
	}
}

void lock_format_holders(struct lock_buffer *buffer, const struct lock *lock, const char *comm)
{
	lock_format_holder_list(buffer, lock->holders, lock->nr_holders, comm);
}

void lock_format_waiters(struct lock_buffer *buffer, const struct lock *lock)
{
	for (size_t i = 0; i < lock->nr_waiters; i++) {
		const struct lock_waiter *waiter = &lock->waiters[i];

		if (i)
			lock_buffer_add(buffer, ",");
		add_pid(buffer, waiter->pid);
		if (waiter->comm)
			add_comm(buffer, waiter->comm);
		lock_buffer_add(buffer, waiter->breaker ? " open for " : " ");
		lock_buffer_add(buffer, lock_type_name(waiter->type));
	}
}

const char *lock_comm(const struct lock *lock)
{
	if (lock->comm)
		return lock->comm;
	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (lock->holders[i].comm)
			return lock->holders[i].comm;
	}
	return NULL;
}

static void add_file(struct lock_buffer *buffer, const struct lock *lock)
{
	const struct crlock_lock *row = &lock->row;

	if (lock->path)
		lock_buffer_printable(buffer, lock->path);
	else
		lock_buffer_format(buffer, "inode %02x:%02x:%" PRIu64, row->dev_major, row->dev_minor,
				   (uint64_t)row->ino);
}

/* Who to look at: a process that holds it, or else the one that set it. */
static void add_owner(struct lock_buffer *buffer, const struct lock *lock)
{
	pid_t pid = lock->row.pid;
	const char *comm = lock->comm;

	if (!comm && lock->nr_holders) {
		pid = lock->holders->row.tgid;
		comm = lock->holders->comm;
	}
	if (!pid)
		return;
	lock_buffer_add(buffer, " held by ");
	lock_buffer_number(buffer, pid);
	if (comm)
		add_comm(buffer, comm);
}

void lock_format_name(struct lock_buffer *buffer, const struct lock *lock)
{
	const struct crlock_lock *row = &lock->row;

	lock_buffer_add(buffer, lock_kind_name(row->kind));
	lock_buffer_add(buffer, " ");
	lock_buffer_add(buffer, lock_type_name(row->held));
	if (row->kind == CRLOCK_KIND_POSIX || row->kind == CRLOCK_KIND_OFD) {
		lock_buffer_add(buffer, " ");
		lock_format_offset(buffer, row->start);
		lock_buffer_add(buffer, "-");
		lock_format_offset(buffer, row->end);
	}
	lock_buffer_add(buffer, " of ");
	add_file(buffer, lock);
	add_owner(buffer, lock);
}
