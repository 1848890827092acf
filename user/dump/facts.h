/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the kernel or the process itself can tell of a process and its threads: handlers, timers,
 * alternate stacks and the like.
 */
#ifndef DUMP_FACTS_H
#define DUMP_FACTS_H

#include "dump/process.h"

/**
 * facts_open - Decides where facts come from, by the option --source; says what is lost without the module.
 *
 * Returns: 0 or the exit status.
 */
int facts_open(struct dump *dump);

/** facts_read - Fills in state and tasks of all processes. Returns: 0 or a negative errno value. */
int facts_read(struct dump *dump);

/** facts_read_module - The same from the module: no instruction runs in the target. */
int facts_read_module(struct dump *dump);

/** facts_read_remote - The same from /proc, and from system calls made in the target. */
int facts_read_remote(struct dump_process *process);

#endif
