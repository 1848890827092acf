/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module for programs, which root's have loaded when they need it.
 */
#ifndef LOCKS_MODULE_H
#define LOCKS_MODULE_H

#include <crlock.h>

/* What is said of one that is not there, and of one that is another's; with its version, its ABI and CRLOCK_ABI. */
#define MODULE_NOT_LOADED  "module crlock is not loaded (modprobe crlock loads it, or says why)"
#define MODULE_FOREIGN_ABI "module crlock %s has ABI %u, this program knows %u (load the one of this version)"

/** module_never_load - From now on a module that is not loaded stays so (--no-load). */
void module_never_load(void);

/** module_open - As crlock_open(); the module is loaded before, if that can be. */
int module_open(struct crlock **out);

/** module_get_info - As crlock_get_info(); the module is loaded before, if that can be. */
int module_get_info(struct crlock_info *info);

#endif
