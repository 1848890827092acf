/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who undoes a restore if crrestore is killed: a process that has its memory and its descriptors, and does nothing but
 * wait for its end.
 */
#ifndef RESTORE_WARDEN_H
#define RESTORE_WARDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * warden_start - Starts it.
 * @is_wanted: whether a pid is to be another's
 * @nr_wanted: how many pids are
 * @undo: is called if this program ends before warden_end(), to undo or to finish what it did. It finds memory as that
 *        was left, at any point, and so should not allocate any, nor depend on more than one store having been made.
 *
 * Returns: 0 or a negative errno value; -EAGAIN if there seems to be no other pid.
 */
int warden_start(bool (*is_wanted)(pid_t pid, void *data), size_t nr_wanted, void (*undo)(void *data),
		 void *data);

/** warden_end - From now on there is nothing to do for it. There need not be one. */
void warden_end(void);

#endif
