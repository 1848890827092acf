/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done by a process of its own, which ends at once: where descriptors must have numbers that they cannot have
 * here, or a session is to be led.
 */
#ifndef RESTORE_FILES_CHILD_H
#define RESTORE_FILES_CHILD_H

#include <stddef.h>

/**
 * child_run - Has a function run by a new process.
 * @flags: CLONE_FILES: descriptors that it opens are this process's too; or 0
 * @fn: returns what this function is to return
 * @data: is handed to it, @size bytes of it, and comes back as it left it
 *
 * The end of that process is told to nobody: no signal, and no other wait(2) hears of it.
 *
 * Returns: as @fn, or a negative errno value: -ECHILD if it did not come to its end.
 */
int child_run(int flags, int (*fn)(void *data), void *data, size_t size);

#endif
