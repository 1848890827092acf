/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_CHECK_H
#define CRIU_CHECK_H

/**
 * check - Dumps a process of its own and restores it, in a directory that goes away.
 *
 * What goes wrong is said on standard error.
 *
 * Returns: the exit status.
 */
int check(void);

#endif
