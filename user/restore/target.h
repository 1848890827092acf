/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that live and are to get locks (--pid).
 */
#ifndef RESTORE_TARGET_H
#define RESTORE_TARGET_H

#include "restore/plan.h"

/**
 * targets_find - Finds the processes of a plan, which it then holds on to: another that gets such a pid is none.
 * @why: after an error gets one line, without a newline
 *
 * Returns: 0 or the exit status.
 */
int targets_find(struct plan *plan, char why[WHY_MAX]);

/** target_is_gone - Whether it has ended, and with it all that it had locked. */
bool target_is_gone(const struct target *target);

/**
 * target_stop - Stops one that was found, and makes it ready for calls of its actor.
 * @why: after an error gets one line, without a newline
 *
 * Returns: 0 or the exit status.
 */
int target_stop(struct target *target, char why[WHY_MAX]);

/**
 * targets_open - Stops the processes of a plan, and takes duplicates of their descriptors.
 * @plan: after targets_find(); its files get descriptors; the caller ends with targets_close(), also after an error
 * @why: after an error gets one line, without a newline
 *
 * The descriptors must be what was recorded: the same files, and shared or not as they were.
 *
 * Returns: 0 or the exit status.
 */
int targets_open(struct plan *plan, char why[WHY_MAX]);

/** targets_close - Closes the duplicates and lets the processes go on. */
void targets_close(struct plan *plan);

#endif
