/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_DESCRIBE_H
#define DUMP_DESCRIBE_H

#include "dump/blockers.h"
#include "dump/flights.h"
#include "image/checkpoint.h"
#include "trace/tree.h"

/**
 * describe_file - Says all that is known of a lock's open file description.
 * @file: zeroed; gets it
 * @whole: a mapping or a message will do, for processes as a whole; else there must be a descriptor
 * @flights: what waits in messages of the tree
 * @blockers: gets what hinders
 *
 * Looks at a duplicate of a descriptor of the tree, or of what is in flight. The file is not opened anew: that would break leases.
 *
 * Returns: whether it could be done.
 */
bool describe_file(struct checkpoint_file *file, const struct lock *lock, const struct trace_tree *tree,
		   bool whole, const struct flights *flights, struct blockers *blockers);

#endif
