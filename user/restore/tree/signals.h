/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process does with signals, and those that wait for it.
 */
#ifndef RESTORE_SIGNALS_H
#define RESTORE_SIGNALS_H

#include <signal.h>

#include "image/directory.h"
#include "image/saved.h"
#include "restore/tree/puppet.h"

/** signals_set_handlers - Sets what a process does with each signal. Returns: 0 or a negative errno value. */
int signals_set_handlers(struct puppet *leader, const struct saved_process *process,
			 const struct image_error *error);

/**
 * signals_ignore_trap - Has a process ignore SIGTRAP, if it did: no breakpoint may follow.
 *
 * Returns: 0 or a negative errno value.
 */
int signals_ignore_trap(struct puppet *leader, const struct saved_process *process,
			const struct image_error *error);

/**
 * signals_queue - Sends the signals that waited for a whole process, but for SIGTRAP.
 *
 * Returns: 0 or a negative errno value.
 */
int signals_queue(struct puppet *leader, const struct saved_process *process,
		  const struct image_error *error);

/** signals_queue_thread - The same of those that waited for one thread. */
int signals_queue_thread(struct puppet *puppet, const struct saved_thread *thread,
			 const struct image_error *error);

/** signals_send - Has a process or thread send itself a signal. Returns: 0 or a negative errno value. */
int signals_send(struct puppet *puppet, const siginfo_t *info, bool to_thread,
		 const struct image_error *error);

/**
 * signals_queue_trap - Sends SIGTRAP, if it waited for a whole process, all of whose threads are muted: see
 * puppet_mute().
 *
 * Returns: 0 or a negative errno value.
 */
int signals_queue_trap(struct puppet *leader, const struct saved_process *process,
		       const struct image_error *error);

/** signals_queue_thread_trap - The same of one thread. */
int signals_queue_thread_trap(struct puppet *puppet, const struct saved_thread *thread,
			      const struct image_error *error);

#endif
