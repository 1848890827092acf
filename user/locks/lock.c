// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>

#include "locks/append.h"
#include "locks/lock.h"
#include "procfs/order.h"
#include "locks/sharing.h"

static void free_holders(struct lock_holder *holders, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(holders[i].comm);
}

struct lock_holders *lock_holders_new(size_t nr)
{
	struct lock_holders *holders = NULL;

	if (nr <= (SIZE_MAX - sizeof(*holders)) / sizeof(*holders->rows))
		holders = calloc(1, sizeof(*holders) + nr * sizeof(*holders->rows));
	if (!holders)
		return NULL;
	holders->refs = 1;
	holders->nr = nr;
	return holders;
}

void lock_holders_put(struct lock_holders *holders)
{
	if (!holders || --holders->refs)
		return;
	free_holders(holders->rows, holders->nr);
	free(holders);
}

void lock_set_holders(struct lock *lock, struct lock_holders *holders)
{
	holders->refs++;
	lock->shared = holders;
	lock->holders = holders->rows;
	lock->nr_holders = holders->nr;
	lock->row.nr_holders = holders->nr;
}

void lock_free(struct lock *lock)
{
	if (lock->shared) {
		lock_holders_put(lock->shared);
	} else {
		free_holders(lock->holders, lock->nr_holders);
		free(lock->holders);
	}
	for (size_t i = 0; i < lock->nr_waiters; i++)
		free(lock->waiters[i].comm);
	free(lock->waiters);
	lock_sharing_free(lock->sharing);
	free(lock->path);
	free(lock->comm);
}

void lock_list_free(struct lock_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		lock_free(&list->locks[i]);
	free(list->locks);
	list->locks = NULL;
	list->nr = 0;
}

struct lock *lock_list_add(struct lock_list *list)
{
	struct lock *locks = append_room(list->locks, list->nr, sizeof(*locks));

	if (!locks)
		return NULL;
	list->locks = locks;
	locks[list->nr] = (struct lock){ .mnt_id = -1 };
	return &locks[list->nr++];
}

struct lock_waiter *lock_add_waiter(struct lock *lock)
{
	struct lock_waiter *waiters = append_room(lock->waiters, lock->nr_waiters, sizeof(*waiters));

	if (!waiters)
		return NULL;
	lock->waiters = waiters;
	waiters[lock->nr_waiters] = (struct lock_waiter){ 0 };
	return &waiters[lock->nr_waiters++];
}

static int compare_first_holders(const struct lock *a, const struct lock *b)
{
	COMPARE(a->nr_holders, b->nr_holders);
	if (!a->nr_holders)
		return 0;
	COMPARE(a->holders->row.tgid, b->holders->row.tgid);
	COMPARE(a->holders->row.fd, b->holders->row.fd);
	return 0;
}

static int compare_locks(const void *x, const void *y)
{
	const struct lock *a = x, *b = y;

	COMPARE(a->row.dev_major, b->row.dev_major);
	COMPARE(a->row.dev_minor, b->row.dev_minor);
	COMPARE(a->row.ino, b->row.ino);
	COMPARE(a->row.generation, b->row.generation);
	COMPARE(a->row.kind, b->row.kind);
	COMPARE(a->row.start, b->row.start);
	COMPARE(a->row.end, b->row.end);
	COMPARE(a->row.rank, b->row.rank);
	COMPARE(a->row.held, b->row.held);
	COMPARE(a->row.pid, b->row.pid);
	return compare_first_holders(a, b);
}

void lock_list_sort(struct lock_list *list)
{
	if (list->nr)
		qsort(list->locks, list->nr, sizeof(*list->locks), compare_locks);
}

static const char *const kind_names[] = {
	[CRLOCK_KIND_FLOCK] = "FLOCK", [CRLOCK_KIND_POSIX] = "POSIX",	   [CRLOCK_KIND_OFD] = "OFD",
	[CRLOCK_KIND_LEASE] = "LEASE", [CRLOCK_KIND_DELEGATION] = "DELEG", [CRLOCK_KIND_LAYOUT] = "LAYOUT",
};

const char *lock_kind_name(unsigned int kind)
{
	return kind <= CRLOCK_KIND_MAX ? kind_names[kind] : "UNKNOWN";
}

int lock_kind_parse(const char *name)
{
	for (int kind = 0; kind <= CRLOCK_KIND_MAX; kind++) {
		if (!strcasecmp(name, kind_names[kind]))
			return kind;
	}
	return -1;
}

const char *lock_type_name(unsigned int type)
{
	switch (type) {
	case F_RDLCK:
		return "READ";
	case F_WRLCK:
		return "WRITE";
	case F_UNLCK:
		return "UNLCK";
	default:
		return "UNKNOWN";
	}
}
