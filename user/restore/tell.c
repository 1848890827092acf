// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/say.h"
#include "locks/format.h"
#include "locks/sharing.h"
#include "restore/file.h"
#include "restore/tell.h"

/* Of a program whose files are all shared every lock would be told. */
#define OUTSIDERS_TOLD_MAX 16

static void tell_lock(const struct planned_lock *lock)
{
	static const char *const progress[] = {
		[LOCK_TO_DO] = "not taken", [LOCK_BEING_TAKEN] = "not taken",
		[LOCK_TAKEN] = "taken",	    [LOCK_WAS_THERE] = "was there already",
		[LOCK_SKIPPED] = "skipped",
	};
	struct lock_buffer name = { 0 };

	planned_lock_name(&name, lock);
	say_info("%s: %s by %d with descriptor %d", lock_buffer_text(&name), progress[lock->progress],
		 lock->by->target->pid, lock->by->fd);
	lock_buffer_free(&name);
}

size_t tell_locks(const struct plan *plan)
{
	size_t skipped = 0;

	for (size_t i = 0; i < plan->nr_locks; i++) {
		if (plan->locks[i].progress == LOCK_SKIPPED)
			skipped++;
		if (plan->options->verbose)
			tell_lock(&plan->locks[i]);
	}
	if (plan->options->verbose || skipped)
		say_warning("%zu locks restored, %zu skipped", plan->nr_locks - skipped, skipped);
	return skipped;
}

static void tell_outsiders_of(const struct planned_lock *lock)
{
	const struct lock_sharing *sharing = lock->lock->sharing;
	struct lock_buffer line = { 0 };

	planned_lock_name(&line, lock);
	lock_buffer_add(&line, ": is no longer shared with ");
	for (size_t i = 0; i < sharing->nr; i++) {
		lock_buffer_add(&line, i ? "; " : "");
		lock_format_outsider(&line, &sharing->outsiders[i]);
	}
	if (sharing->left_out) {
		lock_buffer_add(&line, "; ");
		lock_format_left_out(&line, sharing);
	}
	say_warning("%s", lock_buffer_text(&line));
	lock_buffer_free(&line);
}

/* One that was there, kept by the dump or by the target itself, is of the very description that others have. */
static bool was_shared(const struct planned_lock *lock)
{
	return lock->progress == LOCK_TAKEN && lock->lock->sharing &&
	       lock->lock->sharing->shared == LOCK_SHARED_OUTSIDE;
}

void tell_outsiders(const struct plan *plan)
{
	size_t nr = 0;

	for (size_t i = 0; i < plan->nr_locks; i++) {
		if (was_shared(&plan->locks[i]) && ++nr <= OUTSIDERS_TOLD_MAX)
			tell_outsiders_of(&plan->locks[i]);
	}
	if (nr > OUTSIDERS_TOLD_MAX)
		say_warning("%zu more locks are no longer shared with others", nr - OUTSIDERS_TOLD_MAX);
}
