/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pending signals, and what is done on signals.
 */
#ifndef DUMP_SIGNALS_H
#define DUMP_SIGNALS_H

#include "core.pb-c.h"
#include "dump/process.h"

/** signals_read - Reads the mask of a thread and the signals pending for it. Returns: 0 or an error. */
int signals_read(struct dump_thread *thread);

/** signals_read_shared - Reads the signals pending for a process as a whole. Returns: 0 or an error. */
int signals_read_shared(struct dump_process *process);

/** signals_pack - Makes a message; freed with its parent. NULL: no memory. */
Image__SignalQueueEntry *signals_pack(const struct dump_signals *signals);

/** actions_pack - Puts into a message what is done on each signal. Returns: 0 or -ENOMEM. */
int actions_pack(const struct dump_process *process, Image__TaskCoreEntry *message);

#endif
