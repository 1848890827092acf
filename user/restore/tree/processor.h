/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_TREE_PROCESSOR_H
#define RESTORE_TREE_PROCESSOR_H

#include <sys/types.h>

/**
 * processor_keep - Keeps this program, and the processes that it makes from then on, on the processor where it is.
 *
 * This program and a puppet take turns, for every system call that the puppet makes: on two processors each
 * would be woken by the other's. Without the right to it is not done.
 */
void processor_keep(void);

/** processor_leave - Lets this program use all processors again that it could. */
void processor_leave(void);

/** processor_free - Lets a thread use all that this program could. Returns: 0 or a negative errno value. */
int processor_free(pid_t tid);

#endif
