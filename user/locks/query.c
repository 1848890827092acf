// SPDX-License-Identifier: GPL-2.0-or-later
#include "locks/source.h"

bool lock_query_wants(const struct lock_query *query, const struct lock *lock)
{
	const struct crlock_filter *filter = &query->filter;
	const struct crlock_lock *row = &lock->row;

	if (filter->kinds && !(filter->kinds & 1U << row->kind))
		return false;
	if (filter->by_inode && (filter->dev_major != row->dev_major || filter->dev_minor != row->dev_minor ||
				 filter->ino != row->ino))
		return false;
	return !query->by_stat || lock_is_of_file(lock, query);
}

bool lock_query_names(const struct lock_query *query, pid_t pid)
{
	for (size_t i = 0; i < query->filter.nr_tgids; i++) {
		if (query->filter.tgids[i] == pid)
			return true;
	}
	return false;
}
