/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dump of whole processes.
 */
#ifndef DUMP_WHOLE_H
#define DUMP_WHOLE_H

#include "dump/options.h"

/** dump_whole - Dumps a tree of processes. Returns: the exit status. */
int dump_whole(const struct options *options);

#endif
