/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What belongs to a process as a whole and to no other file here: personality, limits, its place when memory
 * runs out.
 */
#ifndef RESTORE_TASK_H
#define RESTORE_TASK_H

#include <sys/resource.h>

#include "image/directory.h"
#include "image/saved.h"
#include "restore/tree/puppet.h"

/**
 * task_restore - Sets what needs no credentials of the process.
 * @files: the limit of descriptors if the images have none
 *
 * Returns: 0 or a negative errno value.
 */
int task_restore(struct puppet *leader, const struct saved_process *process, const struct rlimit *files,
		 const struct image_error *error);

/**
 * task_restore_future - Sets what is to become of mappings to come, when there are none to come from this program, and
 * registers for barriers. Returns: 0 or a negative errno value.
 */
int task_restore_future(struct puppet *leader, const struct saved_process *process,
			const struct image_error *error);

/** task_restore_dumpable - Sets what a change of credentials takes away. Returns: 0 or an error. */
int task_restore_dumpable(struct puppet *leader, const struct saved_process *process,
			  const struct image_error *error);

#endif
