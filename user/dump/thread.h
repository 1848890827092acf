/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each thread has for itself.
 */
#ifndef DUMP_THREAD_H
#define DUMP_THREAD_H

#include "core.pb-c.h"
#include "dump/process.h"

/** threads_check_mode - Tells whether a process runs code that this program could not dump, and marks it. */
void threads_check_mode(struct dump *dump, struct dump_process *process);

/** thread_read - Reads a stopped thread, after facts_read(). Returns: 0 or a negative errno value. */
int thread_read(struct dump *dump, struct dump_process *process, struct dump_thread *thread);

/**
 * thread_pack - Fills in what a message says of the thread.
 * @core: empty; what it gets is freed with it
 *
 * Returns: 0 or a negative errno value.
 */
int thread_pack(const struct dump_process *process, const struct dump_thread *thread, Image__CoreEntry *core);

#endif
