/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads: making them, and what each has of its own.
 */
#ifndef RESTORE_THREAD_H
#define RESTORE_THREAD_H

#include "image/arch/x86_64/regs.h"
#include "image/directory.h"
#include "image/saved.h"
#include "restore/tree/puppet.h"

/**
 * thread_make - Makes a thread of a process.
 * @puppet: gets it
 * @leader: the process's first thread, whose memory is there
 *
 * Returns: 0 or a negative errno value.
 */
int thread_make(struct puppet *puppet, struct puppet *leader, const struct saved_thread *thread,
		const struct image_error *error);

/**
 * thread_restore - Gives a thread its name, scheduling, lists that the kernel reads, and alternate stack.
 *
 * Returns: 0 or a negative errno value.
 */
int thread_restore(struct puppet *puppet, const struct saved_thread *thread, const struct image_error *error);

/**
 * thread_registers - What the registers of a thread are to be; a call that it sleeps in is begun.
 * @regs: zeroed; the caller frees it with image_regs_free(), also after an error
 *
 * The thread makes no more calls after that, but for memory_leave().
 *
 * Returns: 0 or a negative errno value.
 */
int thread_registers(struct puppet *puppet, const struct saved_thread *thread, struct image_regs *regs,
		     const struct image_error *error);

/**
 * thread_set_registers - Gives a thread its registers and mask of signals: the last that is done to it.
 * @regs: from thread_registers()
 *
 * Returns: 0 or a negative errno value.
 */
int thread_set_registers(const struct saved_process *process, const struct saved_thread *thread,
			 struct image_regs *regs, const struct image_error *error);

#endif
