/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_NAMESPACES_H
#define DUMP_NAMESPACES_H

#include "dump/process.h"

/**
 * namespaces_check - Tells each namespace of the threads of a process that is not this program's too.
 *
 * Returns: 0 or a negative errno value.
 */
int namespaces_check(const struct dump_process *process, struct blockers *blockers);

#endif
