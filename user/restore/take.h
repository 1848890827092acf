/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking the locks of a plan whose files are open: all of them, or none.
 */
#ifndef RESTORE_TAKE_H
#define RESTORE_TAKE_H

#include "restore/plan.h"

/**
 * take_locks - Takes the locks of a plan.
 * @plan: its locks get their progress
 * @why: after an error gets one line, without a newline
 *
 * With --on-conflict=skip what others are in the way of is said and left out. After an error nothing of
 * what was taken here is held any more; what the targets held before they still hold.
 *
 * Returns: 0, -EAGAIN if a lock is in the way, or the exit status.
 */
int take_locks(struct plan *plan, char why[WHY_MAX]);

/**
 * release_locks - Releases what is taken, or just being so.
 *
 * Those of targets that are not stopped stay: they are gone, or what is in the way was said.
 */
void release_locks(struct plan *plan);

#endif
