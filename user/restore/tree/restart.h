/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a thread was in and that measure time from their start: nanosleep, poll and futex. The kernel
 * keeps when they are to end where no other program can put it; so the new thread begins the call anew, with the
 * time that is left, and is interrupted at once. Then it has what the saved one had.
 */
#ifndef RESTORE_RESTART_H
#define RESTORE_RESTART_H

#include <sys/user.h>

#include "image/saved.h"
#include "restore/tree/puppet.h"

/**
 * restart_begin - Begins the call that a thread was in, if it is one of those.
 * @regs: what the thread's registers are to be; they get what the call returned
 *
 * The remaining time that the call writes is put back as it was.
 *
 * Returns: 0 or a negative errno value.
 */
int restart_begin(struct puppet *puppet, const struct saved_thread *thread, struct user_regs_struct *regs);

#endif
