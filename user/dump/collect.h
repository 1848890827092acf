/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the locks that a stopped tree holds to a checkpoint of them.
 */
#ifndef DUMP_COLLECT_H
#define DUMP_COLLECT_H

#include "dump/blockers.h"
#include "dump/files/files.h"
#include "dump/options.h"
#include "image/checkpoint.h"
#include "trace/tree.h"

/**
 * collect - Reads the locks of a stopped tree.
 * @checkpoint: empty but for queues; gets them; the caller frees it with checkpoint_free(), also after an error
 * @files: settled; NULL: only the locks are dumped, and those in flight cannot be
 * @blockers: gets what stands in the way of a dump, everything
 *
 * What goes wrong is printed.
 *
 * Returns: 0, also if something stands in the way, or the exit status.
 */
int collect(struct checkpoint *checkpoint, const struct trace_tree *tree, const struct options *options,
	    const struct dump_files *files, struct blockers *blockers);

#endif
