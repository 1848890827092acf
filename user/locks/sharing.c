// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "locks/append.h"
#include "locks/sharing.h"

int lock_sharing_add(struct lock_sharing *sharing, const struct crlock_holder *row, const char *comm)
{
	struct lock_holder outsider = { .row = *row };

	sharing->shared = LOCK_SHARED_OUTSIDE;
	if (sharing->nr == LOCK_OUTSIDERS_MAX) {
		sharing->left_out++;
		return 0;
	}
	outsider.comm = comm ? strdup(comm) : NULL;
	if ((comm && !outsider.comm) || append(sharing->outsiders, sharing->nr, outsider)) {
		free(outsider.comm);
		return -ENOMEM;
	}
	return 0;
}

void lock_sharing_free(struct lock_sharing *sharing)
{
	if (!sharing)
		return;
	for (size_t i = 0; i < sharing->nr; i++)
		free(sharing->outsiders[i].comm);
	free(sharing->outsiders);
	free(sharing);
}

static void add_process(struct lock_buffer *buffer, const struct lock_holder *outsider)
{
	lock_buffer_format(buffer, "process %d (", outsider->row.tgid);
	lock_buffer_printable(buffer, outsider->comm ? outsider->comm : "?");
	lock_buffer_add(buffer, ")");
}

void lock_format_outsider(struct lock_buffer *buffer, const struct lock_holder *outsider)
{
	const struct crlock_holder *row = &outsider->row;

	if (row->kind == CRLOCK_HOLDER_IN_FLIGHT) {
		lock_buffer_format(buffer, "a message in flight to socket:[%" PRIu64 "]",
				   (uint64_t)row->where);
		return;
	}
	if (!row->tgid) {
		lock_buffer_add(buffer, "a process of another pid namespace");
		return;
	}
	add_process(buffer, outsider);
	if (row->kind == CRLOCK_HOLDER_MAPPING)
		lock_buffer_format(buffer, ", by a mapping at %" PRIx64, (uint64_t)row->where);
	else
		lock_buffer_format(buffer, ", as its descriptor %d", row->fd);
}

void lock_format_left_out(struct lock_buffer *buffer, const struct lock_sharing *sharing)
{
	lock_buffer_format(buffer, "%" PRIu64 " more", sharing->left_out);
}
