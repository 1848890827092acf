/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes there are, and what they share: pstree.img, and numbers for ids-PID.img.
 */
#ifndef DUMP_TREE_H
#define DUMP_TREE_H

#include "core.pb-c.h"
#include "dump/process.h"
#include "image/directory.h"

/* The network namespace in ids-PID.img, which is that of who dumps. */
#define TREE_NET_NS 2

/** tree_check - Tells relations to processes outside that cannot be had again. */
void tree_check(struct dump *dump);

/** tree_find_ids - Gives numbers to what processes share. Returns: 0 or a negative errno value. */
int tree_find_ids(struct dump *dump);

/** tree_pack_ids - Fills in a message, which owns nothing. NULL: those of who dumps. */
void tree_pack_ids(const struct dump_ids *ids, Image__TaskKobjIdsEntry *message);

/** tree_write - Writes pstree.img. Returns: 0 or a negative errno value. */
int tree_write(const struct dump *dump, struct image_directory *directory, const struct image_error *error);

#endif
