// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "locks/compare.h"
#include "locks/format.h"
#include "procfs/order.h"

/* Two locks ---------------------------------------------------------------------------------------- */

struct differences {
	struct lock_buffer *buffer;
	const struct lock_comparison *how;
	unsigned int nr;
};

static void start(struct differences *differences, const char *what)
{
	if (differences->nr++)
		lock_buffer_add(differences->buffer, ", ");
	lock_buffer_add(differences->buffer, what);
	lock_buffer_add(differences->buffer, " is ");
}

static void side(struct differences *differences, int which)
{
	lock_buffer_add(differences->buffer, " in ");
	lock_buffer_add(differences->buffer, differences->how->names[which]);
	if (!which)
		lock_buffer_add(differences->buffer, " and ");
}

static void words(struct differences *differences, const char *what, const char *a, const char *b)
{
	if (!strcmp(a, b))
		return;
	start(differences, what);
	lock_buffer_add(differences->buffer, a);
	side(differences, 0);
	lock_buffer_add(differences->buffer, b);
	side(differences, 1);
}

static void numbers(struct differences *differences, const char *what, int64_t a, int64_t b)
{
	if (a == b)
		return;
	start(differences, what);
	lock_buffer_number(differences->buffer, a);
	side(differences, 0);
	lock_buffer_number(differences->buffer, b);
	side(differences, 1);
}

static void ids(struct differences *differences, const char *what, uint64_t a, uint64_t b)
{
	if (a == b)
		return;
	start(differences, what);
	lock_buffer_format(differences->buffer, "%016" PRIx64, a);
	side(differences, 0);
	lock_buffer_format(differences->buffer, "%016" PRIx64, b);
	side(differences, 1);
}

static void ranges(struct differences *differences, const struct crlock_lock *a, const struct crlock_lock *b)
{
	if (a->start == b->start && a->end == b->end)
		return;
	start(differences, "range");
	lock_format_offset(differences->buffer, a->start);
	lock_buffer_add(differences->buffer, "-");
	lock_format_offset(differences->buffer, a->end);
	side(differences, 0);
	lock_format_offset(differences->buffer, b->start);
	lock_buffer_add(differences->buffer, "-");
	lock_format_offset(differences->buffer, b->end);
	side(differences, 1);
}

static bool near(int64_t a, int64_t b, int64_t slack)
{
	if (a == CRLOCK_NO_DEADLINE || b == CRLOCK_NO_DEADLINE)
		return a == b;
	return a - b <= slack && b - a <= slack;
}

static void deadlines(struct differences *differences, const struct lock *a, const struct lock *b)
{
	const uint8_t pending = CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING;
	int64_t slack = differences->how->slack_ms;

	if ((a->row.state & pending) == (b->row.state & pending) &&
	    (!(a->row.state & CRLOCK_LOCK_UNLOCK_PENDING) || near(a->row.break_ms, b->row.break_ms, slack)) &&
	    (!(a->row.state & CRLOCK_LOCK_DOWNGRADE_PENDING) ||
	     near(a->row.downgrade_ms, b->row.downgrade_ms, slack)))
		return;
	start(differences, "state");
	lock_format_state(differences->buffer, a);
	side(differences, 0);
	lock_format_state(differences->buffer, b);
	side(differences, 1);
}

static void notices(struct differences *differences, const struct crlock_lock *a, const struct crlock_lock *b)
{
	words(differences, "break notice", a->state & CRLOCK_LOCK_NOTICE ? "on" : "off",
	      b->state & CRLOCK_LOCK_NOTICE ? "on" : "off");
	numbers(differences, "signal", a->fown_signum, b->fown_signum);
	numbers(differences, "type of owner", a->fown_type, b->fown_type);
	numbers(differences, "user of owner", a->fown_uid, b->fown_uid);
	numbers(differences, "effective user of owner", a->fown_euid, b->fown_euid);
	if (differences->how->fields & LOCK_FIELD_PID)
		numbers(differences, "owner", a->fown_pid, b->fown_pid);
}

/* In the order of what is compared. */
struct handle {
	int64_t tgid, fd, kind, where;
};

static int compare_handles(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(struct handle));
}

/* Returns: the holders to be compared, in an order, to be freed; NULL without memory. */
static struct handle *sorted_handles(const struct lock *lock, bool descriptors_only, size_t *nr)
{
	struct handle *handles = calloc(lock->nr_holders + 1, sizeof(*handles));

	*nr = 0;
	for (size_t i = 0; handles && i < lock->nr_holders; i++) {
		const struct crlock_holder *row = &lock->holders[i].row;

		if (descriptors_only && row->kind != CRLOCK_HOLDER_DESCRIPTOR)
			continue;
		handles[(*nr)++] = (struct handle){
			.tgid = descriptors_only ? 0 : row->tgid,
			.fd = row->fd,
			.kind = row->kind,
			.where = row->where,
		};
	}
	if (handles)
		qsort(handles, *nr, sizeof(*handles), compare_handles);
	return handles;
}

static bool same_handles(struct lock_buffer *buffer, const struct lock *a, const struct lock *b,
			 bool descriptors_only)
{
	size_t nr_a, nr_b;
	struct handle *handles_a = sorted_handles(a, descriptors_only, &nr_a);
	struct handle *handles_b = sorted_handles(b, descriptors_only, &nr_b);
	bool same = handles_a && handles_b && nr_a == nr_b &&
		    !memcmp(handles_a, handles_b, nr_a * sizeof(*handles_a));

	if (!handles_a || !handles_b)
		buffer->failed = true;
	free(handles_a);
	free(handles_b);
	return same;
}

static void add_descriptors(struct lock_buffer *buffer, const struct lock *lock)
{
	bool any = false;

	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (lock->holders[i].row.kind != CRLOCK_HOLDER_DESCRIPTOR)
			continue;
		if (any)
			lock_buffer_add(buffer, ",");
		lock_buffer_number(buffer, lock->holders[i].row.fd);
		any = true;
	}
	if (!any)
		lock_buffer_add(buffer, "none");
}

static void descriptors(struct differences *differences, const struct lock *a, const struct lock *b)
{
	if (same_handles(differences->buffer, a, b, true))
		return;
	start(differences, "descriptors");
	add_descriptors(differences->buffer, a);
	side(differences, 0);
	add_descriptors(differences->buffer, b);
	side(differences, 1);
}

static void add_holders(struct lock_buffer *buffer, const struct lock *lock)
{
	if (lock->nr_holders)
		lock_format_holders(buffer, lock, lock_comm(lock));
	else
		lock_buffer_add(buffer, "none");
}

static void holders(struct differences *differences, const struct lock *a, const struct lock *b)
{
	if (same_handles(differences->buffer, a, b, false))
		return;
	start(differences, "holders");
	add_holders(differences->buffer, a);
	side(differences, 0);
	add_holders(differences->buffer, b);
	side(differences, 1);
}

static void compare_fields(struct differences *differences, const struct lock *a, const struct lock *b,
			   uint32_t fields)
{
	const uint32_t unknown = a->unknown | b->unknown;

	if (fields & LOCK_FIELD_PID && a->row.pid && b->row.pid)
		numbers(differences, "setter", a->row.pid, b->row.pid);
	if (fields & LOCK_FIELD_HOLDERS && !(unknown & LOCK_UNKNOWN_HOLDERS))
		holders(differences, a, b);
	if (fields & LOCK_FIELD_DESCRIPTORS && !(unknown & LOCK_UNKNOWN_HOLDERS))
		descriptors(differences, a, b);
	if (fields & LOCK_FIELD_DEADLINE && !(unknown & LOCK_UNKNOWN_DEADLINE))
		deadlines(differences, a, b);
	if (fields & LOCK_FIELD_NOTICE && !(unknown & LOCK_UNKNOWN_NOTICE))
		notices(differences, &a->row, &b->row);
	if (fields & LOCK_FIELD_WAITERS)
		numbers(differences, "number of waiters", a->nr_waiters, b->nr_waiters);
	if (fields & LOCK_FIELD_GENERATION && !(unknown & LOCK_UNKNOWN_GENERATION))
		numbers(differences, "generation", a->row.generation, b->row.generation);
	if (fields & LOCK_FIELD_RANK && !(unknown & LOCK_UNKNOWN_RANK))
		numbers(differences, "rank", a->row.rank, b->row.rank);
	if (fields & LOCK_FIELD_ID && !(unknown & LOCK_UNKNOWN_ID)) {
		ids(differences, "id", a->row.id, b->row.id);
		ids(differences, "file id", a->row.file_id, b->row.file_id);
		ids(differences, "owner id", a->row.owner_id, b->row.owner_id);
	}
}

unsigned int lock_compare(struct lock_buffer *buffer, const struct lock *a, const struct lock *b,
			  const struct lock_comparison *how)
{
	struct differences differences = { .buffer = buffer, .how = how };

	words(&differences, "kind", lock_kind_name(a->row.kind), lock_kind_name(b->row.kind));
	ranges(&differences, &a->row, &b->row);
	if (!((a->unknown | b->unknown) & LOCK_UNKNOWN_HELD))
		words(&differences, "held type", lock_type_name(a->row.held), lock_type_name(b->row.held));
	words(&differences, "target type", lock_type_name(a->row.target), lock_type_name(b->row.target));
	compare_fields(&differences, a, b, how->fields);
	return differences.nr;
}

/* Two lists ---------------------------------------------------------------------------------------- */

struct pairing {
	const struct lock **locks[2]; /* of each side, in order; NULL once paired */
	size_t nr[2];
	const struct lock_comparison *how;
	lock_difference_fn *fn;
	void *data;
	struct lock_buffer text, name;
	size_t nr_different;
};

/* Layouts are shown as leases by /proc. */
static unsigned int group_kind(const struct lock *lock)
{
	return lock->row.kind == CRLOCK_KIND_LAYOUT ? CRLOCK_KIND_LEASE : lock->row.kind;
}

static int compare_groups(const struct lock *a, const struct lock *b)
{
	COMPARE(a->row.dev_major, b->row.dev_major);
	COMPARE(a->row.dev_minor, b->row.dev_minor);
	COMPARE(a->row.ino, b->row.ino);
	COMPARE(group_kind(a), group_kind(b));
	return 0;
}

static int compare_order(const void *x, const void *y)
{
	const struct lock *a = *(const struct lock *const *)x, *b = *(const struct lock *const *)y;
	int order = compare_groups(a, b);

	if (order)
		return order;
	COMPARE(a->row.start, b->row.start);
	COMPARE(a->row.end, b->row.end);
	COMPARE(a->row.target, b->row.target);
	COMPARE(a->row.pid, b->row.pid);
	if (a->nr_holders && b->nr_holders) {
		COMPARE(a->holders->row.tgid, b->holders->row.tgid);
		COMPARE(a->holders->row.fd, b->holders->row.fd);
	}
	COMPARE(a->row.rank, b->row.rank);
	return 0;
}

static const struct lock **sorted(const struct lock_list *list)
{
	const struct lock **locks = calloc(list->nr + 1, sizeof(*locks));

	for (size_t i = 0; locks && i < list->nr; i++)
		locks[i] = &list->locks[i];
	if (locks)
		qsort(locks, list->nr, sizeof(*locks), compare_order);
	return locks;
}

static void tell(struct pairing *pairing, const struct lock *lock, const char *before, const char *after)
{
	lock_buffer_clear(&pairing->name);
	lock_format_name(&pairing->name, lock);
	lock_buffer_add(&pairing->name, before);
	lock_buffer_add(&pairing->name, after);
	pairing->nr_different++;
	pairing->fn(lock_buffer_text(&pairing->name), pairing->data);
}

static bool is_equal(struct pairing *pairing, const struct lock *a, const struct lock *b)
{
	lock_buffer_clear(&pairing->text);
	return !lock_compare(&pairing->text, a, b, pairing->how);
}

static bool overlap(const struct lock *a, const struct lock *b)
{
	return a->row.start <= b->row.end && b->row.start <= a->row.end;
}

static bool same_range(const struct lock *a, const struct lock *b)
{
	return a->row.start == b->row.start && a->row.end == b->row.end;
}

/* How alike locks must be to be a pair, in three rounds. */
enum round { ROUND_EQUAL, ROUND_RANGE, ROUND_OVERLAP, NR_ROUNDS };

static bool matches(struct pairing *pairing, const struct lock *a, const struct lock *b, enum round round)
{
	switch (round) {
	case ROUND_EQUAL:
		return same_range(a, b) && is_equal(pairing, a, b);
	case ROUND_RANGE:
		return same_range(a, b);
	default:
		return overlap(a, b);
	}
}

/* Beyond this, locks of one file that look alike are told as different rather than searched through. */
#define CANDIDATES_MAX 1024

/*
 * Finds the counterpart of a lock. Both sides are in order, so that it is mostly the first that is left.
 * Returns: its index, or nr.
 */
static size_t find(struct pairing *pairing, const struct lock *lock, const struct lock **others, size_t from,
		   size_t nr, enum round round)
{
	size_t tried = 0;

	for (size_t i = from; i < nr && tried < CANDIDATES_MAX; i++) {
		if (!others[i])
			continue;
		if (others[i]->row.start > lock->row.end)
			break;
		if (matches(pairing, lock, others[i], round))
			return i;
		tried++;
	}
	return nr;
}

/* What starts before a lock has not its range, nor that of those that follow it. */
static bool is_past(const struct lock *other, const struct lock *lock, enum round round)
{
	return !other || (round != ROUND_OVERLAP && other->row.start < lock->row.start);
}

/* Pairs locks of one group, as well as the round asks for. */
static void pair(struct pairing *pairing, const struct lock **a, size_t nr_a, const struct lock **b,
		 size_t nr_b, enum round round)
{
	size_t from = 0;

	for (size_t i = 0; i < nr_a; i++) {
		size_t at;

		if (!a[i])
			continue;
		while (from < nr_b && is_past(b[from], a[i], round))
			from++;
		at = find(pairing, a[i], b, from, nr_b, round);
		if (at == nr_b)
			continue;
		lock_buffer_clear(&pairing->text);
		if (lock_compare(&pairing->text, a[i], b[at], pairing->how))
			tell(pairing, a[i], ": ", lock_buffer_text(&pairing->text));
		a[i] = NULL;
		b[at] = NULL;
	}
}

static void tell_alone(struct pairing *pairing, int which, const struct lock **locks, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (locks[i])
			tell(pairing, locks[i], ": only in ", pairing->how->names[which]);
	}
}

/* Pairs all locks of one file and kind. Sorted pointers get NULL. */
static void compare_group(struct pairing *pairing, const struct lock **a, size_t nr_a, const struct lock **b,
			  size_t nr_b)
{
	for (enum round round = 0; round < NR_ROUNDS; round++)
		pair(pairing, a, nr_a, b, nr_b, round);
	tell_alone(pairing, 0, a, nr_a);
	tell_alone(pairing, 1, b, nr_b);
}

static size_t group_len(const struct lock **locks, size_t nr, const struct lock *first)
{
	size_t len = 0;

	while (len < nr && !compare_groups(locks[len], first))
		len++;
	return len;
}

static void compare_all(struct pairing *pairing)
{
	const struct lock **a = pairing->locks[0], **b = pairing->locks[1];
	const struct lock **end_a = a + pairing->nr[0], **end_b = b + pairing->nr[1];

	while (a < end_a || b < end_b) {
		const struct lock *first = a < end_a ? *a : *b;
		size_t nr_a, nr_b;

		if (a < end_a && b < end_b && compare_groups(*b, *a) < 0)
			first = *b;
		nr_a = group_len(a, end_a - a, first);
		nr_b = group_len(b, end_b - b, first);
		compare_group(pairing, a, nr_a, b, nr_b);
		a += nr_a;
		b += nr_b;
	}
}

int lock_list_compare(const struct lock_list *a, const struct lock_list *b, const struct lock_comparison *how,
		      lock_difference_fn *fn, void *data, size_t *nr)
{
	struct pairing pairing = {
		.locks = { sorted(a), sorted(b) },
		.nr = { a->nr, b->nr },
		.how = how,
		.fn = fn,
		.data = data,
	};
	int err = 0;

	if (pairing.locks[0] && pairing.locks[1])
		compare_all(&pairing);
	else
		err = -ENOMEM;
	if (pairing.text.failed || pairing.name.failed)
		err = -ENOMEM;
	*nr = pairing.nr_different;
	free(pairing.locks[0]);
	free(pairing.locks[1]);
	lock_buffer_free(&pairing.text);
	lock_buffer_free(&pairing.name);
	return err;
}
