/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which descriptors lead to the same open file description: the module tells at once for the whole tree, else
 * kcmp(2), which tells an order too, so that n descriptors take n log n calls.
 */
#ifndef DUMP_FILES_SHARE_H
#define DUMP_FILES_SHARE_H

#include "dump/files/state.h"
#include "libcrlock/crlock.h"

struct share;

/**
 * share_new - Begins.
 * @use_module: asks the module for the descriptors of the tree; if it is not there, kcmp(2) is used
 *
 * Returns: 0 or a negative errno value.
 */
int share_new(struct share **out, const struct trace_tree *tree, bool use_module);

/** share_free - Frees it; NULL is allowed. */
void share_free(struct share *share);

/** share_row - What the module says of a descriptor; NULL: nothing. */
const struct crlock_file *share_row(const struct share *share, pid_t pid, int fd);

/** share_find_id - The file of an id of the module; NULL: none yet. */
struct dump_file *share_find_id(const struct share *share, uint64_t id);

/** share_find - The file that has the same description as this one; NULL: none yet. */
struct dump_file *share_find(struct share *share, const struct dump_file *file);

/** share_add - Adds one that was not found. Returns: 0 or a negative errno value, also if it could not be looked for. */
int share_add(struct share *share, struct dump_file *file);

#endif
