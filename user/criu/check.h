/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_CHECK_H
#define CRIU_CHECK_H

#include "criu/request.h"

/**
 * check - Dumps a process of its own and restores it, in a directory that goes away.
 * @asked: its level, and whether the module is loaded, are those of both
 *
 * What goes wrong is said on standard error.
 *
 * Returns: the exit status.
 */
int check(const struct request *asked);

#endif
