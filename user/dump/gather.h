/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a stopped tree to a dump in memory, and to what stands in its way.
 */
#ifndef DUMP_GATHER_H
#define DUMP_GATHER_H

#include "dump/process.h"

/**
 * gather - Collects all but memory and locks.
 * @dump: after dump_init() and facts_open()
 *
 * Returns: 0, also if something stands in the way and was told, or a negative errno value.
 */
int gather(struct dump *dump);

#endif
