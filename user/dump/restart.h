/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that the stop cut short, and how they go on in a process that never made them.
 */
#ifndef DUMP_RESTART_H
#define DUMP_RESTART_H

#include "dump/process.h"

/**
 * restart_settle - Makes of the registers of a stopped thread those with which it can go on anywhere.
 * @module: its task was told by the module
 *
 * Needs registers, pending signals and mask.
 */
void restart_settle(struct dump_thread *thread, const struct dump_process *process, bool module);

#endif
