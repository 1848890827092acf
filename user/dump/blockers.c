// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "dump/blockers.h"
#include "dump/flights.h"
#include "dump/say.h"
#include "locks/buffer.h"
#include "locks/format.h"

/* What is named may come from strangers. */
static void tell(struct blockers *blockers, const char *what)
{
	struct lock_buffer line = { 0 };

	blockers->nr++;
	if (!blockers->list) {
		say("%s", what);
		return;
	}
	lock_buffer_printable(&line, what);
	puts(lock_buffer_text(&line));
	lock_buffer_free(&line);
}

void block(struct blockers *blockers, const char *format, ...)
{
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tell(blockers, what);
}

void block_lock(struct blockers *blockers, const struct lock *lock, const char *format, ...)
{
	struct lock_buffer name = { 0 };
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	lock_format_name(&name, lock);
	block(blockers, "%s: %s", lock_buffer_text(&name), what);
	lock_buffer_free(&name);
}

static bool is_outside(const struct crlock_holder *holder, const struct trace_tree *tree,
		       const struct flights *flights)
{
	return !trace_tree_has(tree, holder->tgid) && !flights_to(flights, holder) &&
	       !flights_have_duplicate(flights, holder);
}

static void block_holder(struct blockers *blockers, const struct lock *lock,
			 const struct lock_holder *holder)
{
	const struct crlock_holder *row = &holder->row;
	const char *comm = holder->comm ? holder->comm : "?";

	if (row->kind == CRLOCK_HOLDER_IN_FLIGHT)
		block_lock(blockers, lock, "is in flight too, in a message to socket:[%llu]",
		      (unsigned long long)row->where);
	else if (!row->tgid)
		block_lock(blockers, lock, "is shared with a process of another pid namespace, outside the tree");
	else if (row->kind == CRLOCK_HOLDER_MAPPING)
		block_lock(blockers, lock,
		      "is shared with process %d (%s), outside the tree, by a mapping at %llx",
		      row->tgid, comm, (unsigned long long)row->where);
	else
		block_lock(blockers, lock,
		      "is shared with process %d (%s), outside the tree, as its descriptor %d",
		      row->tgid, comm, row->fd);
}

void find_blockers(struct blockers *blockers, const struct checkpoint *checkpoint,
		   const struct trace_tree *tree, const struct flights *flights, bool external)
{
	for (size_t i = 0; i < checkpoint->locks.nr; i++) {
		const struct lock *lock = &checkpoint->locks.locks[i];

		if (lock->row.kind > CRLOCK_KIND_LEASE)
			block_lock(blockers, lock, "userspace cannot take such a lock again");
		for (size_t j = 0; !external && j < lock->nr_holders; j++) {
			if (is_outside(&lock->holders[j].row, tree, flights))
				block_holder(blockers, lock, &lock->holders[j]);
		}
	}
}
