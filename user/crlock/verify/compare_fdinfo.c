// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fdinfo of a descriptor has the locks of its open file description, and of the POSIX locks among them
 * those of its own table: the inode's list of FLOCKs first, then that of POSIX and OFD locks, then that of
 * leases.
 */
#include <stdlib.h>

#include "crlock/verify/compare.h"
#include "procfs/order.h"

/* Locks by description, in the order of its lines. */
struct sorted {
	const struct lock **locks;
	size_t nr;
};

/* Room for the lines of one descriptor. */
struct room {
	struct entry *entries;
	struct entry **wanted, **got;
	bool *seen; /* of shown descriptors */
};

/* Which of the inode's lists a lock is on, in the order in which they are shown. */
static unsigned int list_of(const struct lock *lock)
{
	switch (lock->row.kind) {
	case CRLOCK_KIND_FLOCK:
		return 0;
	case CRLOCK_KIND_POSIX:
	case CRLOCK_KIND_OFD:
		return 1;
	default:
		return 2;
	}
}

static int compare_order(const void *x, const void *y)
{
	const struct lock *a = *(const struct lock *const *)x, *b = *(const struct lock *const *)y;

	COMPARE(a->row.file_id, b->row.file_id);
	COMPARE(list_of(a), list_of(b));
	COMPARE(a->row.rank, b->row.rank);
	return 0;
}

/* For lines that are right but for their order. Returns: whether that is right. */
static bool check_order(struct findings *findings, const struct place *place, const struct room *room,
			size_t nr, struct entry *got)
{
	for (size_t i = 0; i < nr; i++) {
		if (got[i].line.nr != i + 1) {
			findings_add(findings, RULE_FDINFO + OF_NUMBER, place, NULL, &got[i]);
			break;
		}
	}
	for (size_t i = 0; i < nr; i++) {
		if (entry_differs(&room->entries[i], &got[i])) {
			findings_add(findings, RULE_FDINFO_ORDER, place, &room->entries[i], &got[i]);
			return false;
		}
	}
	return true;
}

/* Returns: whether each line is that of its lock, in order. */
static bool compare_lines(struct findings *findings, const struct place *place, const struct room *room,
			  size_t nr_wanted, struct entry *got, size_t nr_got)
{
	struct pairing pairing = {
		.wanted = room->wanted,
		.got = room->got,
		.nr_wanted = nr_wanted,
		.rules = RULE_FDINFO,
		.place = *place,
		.findings = findings,
	};

	for (size_t i = 0; i < nr_wanted; i++)
		room->wanted[i] = &room->entries[i];
	for (size_t i = 0; i < nr_got; i++) {
		if (got[i].is_line)
			room->got[pairing.nr_got++] = &got[i];
		else
			findings_add(findings, RULE_FDINFO + OF_FORM, place, NULL, &got[i]);
	}
	return pair_all(&pairing) && nr_wanted == nr_got && check_order(findings, place, room, nr_got, got);
}

/* The lines that a descriptor should have. Returns: how many. */
static size_t make_wanted(const struct room *room, const struct lock **locks, size_t nr,
			  const struct crlock_holder *holder)
{
	size_t nr_wanted = 0;

	for (size_t i = 0; i < nr; i++) {
		struct entry *entry = &room->entries[nr_wanted];

		if (locks[i]->row.kind == CRLOCK_KIND_POSIX && locks[i]->row.owner_id != holder->files_id)
			continue;
		entry_of_lock(entry, locks[i]);
		/* All that is visible from here is shown, with 0 for a setter who is not. */
		entry->optional = false;
		nr_wanted++;
	}
	return nr_wanted;
}

static void compare_holder(struct findings *findings, struct shown *shown, const struct room *room,
			   const struct lock **locks, size_t nr, const struct crlock_holder *holder)
{
	const struct place place = { holder->tgid, holder->tid, holder->fd };
	const struct shown_fd *fd;

	if (holder->kind != CRLOCK_HOLDER_DESCRIPTOR || !holder->tid)
		return;
	fd = shown_find(shown, holder->tid, holder->fd);
	if (fd)
		room->seen[fd - shown->fds] = true;
	if (compare_lines(findings, &place, room, make_wanted(room, locks, nr, holder),
			  fd ? &shown->fdinfo.entries[fd->first] : NULL, fd ? fd->nr : 0) &&
	    fd)
		compare_told(findings, shown, fd, &place, room->entries);
}

static void compare_description(struct findings *findings, struct shown *shown, const struct room *room,
				const struct lock **locks, size_t nr)
{
	for (size_t i = 0; i < locks[0]->nr_holders; i++)
		compare_holder(findings, shown, room, locks, nr, &locks[0]->holders[i].row);
}

/* What holds nothing has no lines. */
static void tell_unseen(struct findings *findings, struct shown *shown, const struct room *room)
{
	for (size_t i = 0; i < shown->nr_fds; i++) {
		const struct shown_fd *fd = &shown->fds[i];
		const struct place place = { fd->tgid, fd->tid, fd->fd };

		if (!room->seen[i])
			compare_lines(findings, &place, room, 0, &shown->fdinfo.entries[fd->first], fd->nr);
	}
}

static void compare_all(struct findings *findings, const struct sorted *sorted, struct shown *shown,
			const struct room *room)
{
	size_t first = 0;

	for (size_t i = 1; i <= sorted->nr; i++) {
		if (i < sorted->nr && sorted->locks[i]->row.file_id == sorted->locks[first]->row.file_id)
			continue;
		compare_description(findings, shown, room, &sorted->locks[first], i - first);
		first = i;
	}
	tell_unseen(findings, shown, room);
}

void compare_fdinfo(struct findings *findings, const struct lock_list *list, struct shown *shown)
{
	struct sorted sorted = { calloc(list->nr + 1, sizeof(*sorted.locks)), list->nr };
	struct room room = {
		.entries = calloc(list->nr + 1, sizeof(*room.entries)),
		.wanted = calloc(list->nr + 1, sizeof(*room.wanted)),
		.got = calloc(shown->fdinfo.nr + 1, sizeof(*room.got)),
		.seen = calloc(shown->nr_fds + 1, sizeof(*room.seen)),
	};

	if (sorted.locks && room.entries && room.wanted && room.got && room.seen) {
		for (size_t i = 0; i < list->nr; i++)
			sorted.locks[i] = &list->locks[i];
		if (list->nr)
			qsort(sorted.locks, list->nr, sizeof(*sorted.locks), compare_order);
		compare_all(findings, &sorted, shown, &room);
	} else {
		findings->failed = true;
	}
	free(sorted.locks);
	free(room.entries);
	free(room.wanted);
	free(room.got);
	free(room.seen);
}
