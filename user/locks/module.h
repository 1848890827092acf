/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module for programs, which root's have loaded when they need it.
 */
#ifndef LOCKS_MODULE_H
#define LOCKS_MODULE_H

#include <crlock.h>

/** module_never_load - From now on a module that is not loaded stays so (--no-load). */
void module_never_load(void);

/** module_open - As crlock_open(); the module is loaded before, if that can be. */
int module_open(struct crlock **out);

/** module_get_info - As crlock_get_info(); the module is loaded before, if that can be. */
int module_get_info(struct crlock_info *info);

#endif
