/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers of a process: those of setitimer(2) and of timer_create(2).
 */
#ifndef DUMP_TIMERS_H
#define DUMP_TIMERS_H

#include "core.pb-c.h"
#include "dump/process.h"

/** timers_check - Tells timers that cannot be had again. */
void timers_check(const struct dump_process *process, struct blockers *blockers);

/** timers_pack - Makes a message; freed with its parent. NULL: no memory. */
Image__TaskTimersEntry *timers_pack(const struct dump_process *process);

#endif
