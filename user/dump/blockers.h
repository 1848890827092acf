/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the way of a dump: all of it is told, not the first thing only.
 */
#ifndef DUMP_BLOCKERS_H
#define DUMP_BLOCKERS_H

#include "image/checkpoint.h"

struct blockers {
	bool list; /* tell them on standard output, as what was asked for */
	size_t nr; /* that were told */
};

/** block - Tells what is in the way, as in "812: descriptor 7: ...". */
void block(struct blockers *blockers, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** block_lock - Tells what is wrong with a lock. */
void block_lock(struct blockers *blockers, const struct lock *lock, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * find_blockers - Tells what of a checkpoint could not be restored.
 * @external: locks that are shared outside the tree, as the checkpoint says, are allowed
 */
void find_blockers(struct blockers *blockers, const struct checkpoint *checkpoint, bool external);

#endif
