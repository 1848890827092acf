/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that live and are to get locks (--pid).
 */
#ifndef RESTORE_TARGET_H
#define RESTORE_TARGET_H

#include "restore/plan.h"

/**
 * targets_open - Stops the processes of a plan, and takes duplicates of their descriptors.
 * @plan: its files get descriptors; the caller ends with targets_close(), also after an error
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
