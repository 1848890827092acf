/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks of processes that live stay with them when this process is killed, or cannot trace them any more. A second
 * process waits for that, and releases them again.
 */
#ifndef RESTORE_GUARD_H
#define RESTORE_GUARD_H

#include "restore/plan.h"

/**
 * guard_start - From now on the death of this process undoes what is taken of a plan.
 * @plan: its targets were found by targets_find(), and none is stopped
 * @why: after an error gets one line, without a newline
 *
 * Returns: 0 or the exit status.
 */
int guard_start(struct plan *plan, char why[WHY_MAX]);

/** guard_leave - From now on what was taken stays. */
void guard_leave(void);

/**
 * guard_end - Ends a guard, once it has released what could not be released here. There need be none.
 * @plan: none of its targets is stopped
 */
void guard_end(struct plan *plan);

#endif
