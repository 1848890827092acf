/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_SHARING_H
#define DUMP_SHARING_H

#include "dump/flights.h"
#include "locks/lock.h"
#include "trace/tree.h"

/**
 * find_sharing - Finds out of each lock whether somebody outside the tree has it too, and who.
 * @list: the tree's locks, with their holders; gets it
 * @flights: what waits in messages of the tree, which is not outside
 *
 * Of a POSIX lock that is who has the table of descriptors that it belongs to, of all others who has the description.
 *
 * Returns: 0 or -ENOMEM.
 */
int find_sharing(struct lock_list *list, const struct trace_tree *tree, const struct flights *flights);

#endif
