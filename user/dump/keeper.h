/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that keeps locks of what was dumped until crrestore has them (--hold-locks).
 */
#ifndef DUMP_KEEPER_H
#define DUMP_KEEPER_H

#include "image/checkpoint.h"
#include "trace/tree.h"

/**
 * keeper_start - Leaves a process behind that has all open file descriptions of a stopped tree that locks belong to:
 * those of files that have a path, by which crrestore would have to open them anew otherwise. What cannot be kept is
 * printed: POSIX locks belong to the processes, and end with them.
 *
 * Returns: 0 or a negative errno value; then nothing is left of it.
 */
int keeper_start(const struct checkpoint *locks, const struct trace_tree *tree,
		 struct image_directory *directory, const struct image_error *error);

/** keeper_tell - Tells it that the tree has ended: until then it goes away with crdump. */
void keeper_tell(const struct image_directory *directory);

/** keeper_dismiss - Has it go away: the tree goes on with its locks. */
void keeper_dismiss(void);

#endif
