/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening the recorded files in this process, which is about to become the command.
 */
#ifndef RESTORE_OPEN_H
#define RESTORE_OPEN_H

#include "restore/plan.h"

/**
 * files_open - Opens the files of a plan at their numbers.
 * @plan: the caller ends with files_close(), unless it runs the command
 * @why: after an error gets one line, without a newline
 *
 * What had these numbers before is closed. A file that is in use under a lease is not opened; with
 * --on-conflict=skip it is left out, else -EAGAIN ends this.
 *
 * Returns: 0, -EAGAIN, or the exit status.
 */
int files_open(struct plan *plan, char why[WHY_MAX]);

/** files_close - Closes what was opened, and what locks it had are gone. */
void files_close(struct plan *plan);

/** files_raise_limit - Allows as many descriptors as may be. */
void files_raise_limit(void);

/** files_restore_limit - Sets the limit that was there, for the command. */
void files_restore_limit(void);

#endif
