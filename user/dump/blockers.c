// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "dump/blockers.h"
#include "image/say.h"
#include "locks/buffer.h"
#include "locks/format.h"
#include "locks/sharing.h"

/* What is named may come from strangers. */
static void tell(struct blockers *blockers, const char *what)
{
	pid_t pid = 0;
	int fd = -1;

	blockers->nr++;
	if (blockers->list) {
		say_listed(what);
		return;
	}
	/* What is in the way begins with whose it is, or with a lock. */
	if (sscanf(what, "%d: descriptor %d:", &pid, &fd) < 1)
		pid = 0;
	say_of(pid, fd, what);
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

static void block_outsiders(struct blockers *blockers, const struct lock *lock)
{
	const struct lock_sharing *sharing = lock->sharing;
	struct lock_buffer who = { 0 };

	for (size_t i = 0; i < sharing->nr; i++) {
		lock_buffer_clear(&who);
		lock_format_outsider(&who, &sharing->outsiders[i]);
		block_lock(blockers, lock, "is shared outside the tree, with %s (--external-locks allows it)",
			   lock_buffer_text(&who));
	}
	if (sharing->left_out) {
		lock_buffer_clear(&who);
		lock_format_left_out(&who, sharing);
		block_lock(blockers, lock, "is shared outside the tree, with %s (--external-locks allows it)",
			   lock_buffer_text(&who));
	}
	lock_buffer_free(&who);
}

void find_blockers(struct blockers *blockers, const struct checkpoint *checkpoint, bool external)
{
	for (size_t i = 0; i < checkpoint->locks.nr; i++) {
		const struct lock *lock = &checkpoint->locks.locks[i];

		if (lock->row.kind > CRLOCK_KIND_LEASE)
			block_lock(blockers, lock, "userspace cannot take such a lock again");
		if (!external)
			block_outsiders(blockers, lock);
	}
}
