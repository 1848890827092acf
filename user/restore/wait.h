/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --on-conflict=wait: trying again until nobody is in the way.
 */
#ifndef RESTORE_WAIT_H
#define RESTORE_WAIT_H

#include "restore/plan.h"

/** block_signals - Lets signals that would end the program wait while something is half done. */
void block_signals(void);

/** unblock_signals - The reverse, for what this program becomes. */
void unblock_signals(void);

/**
 * try_until_taken - Takes the locks of a plan, as often as --on-conflict says.
 * @attempt: returns 0, -EAGAIN if someone is in the way, or the exit status; after an error all is as it was
 *
 * What is wrong is printed. Signals come in between attempts.
 *
 * Returns: 0 or the exit status.
 */
int try_until_taken(struct plan *plan, int (*attempt)(struct plan *plan, char why[WHY_MAX]));

#endif
