/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the threads of a process have in common, and the images of both: core-TID.img, ids-PID.img, fs-PID.img.
 */
#ifndef DUMP_TASK_H
#define DUMP_TASK_H

#include "dump/process.h"
#include "image/directory.h"

/** task_read_stat - Reads a process's stat. It comes first. Returns: 0 or a negative errno value. */
int task_read_stat(struct dump_process *process);

/** task_read - Reads the rest of what /proc tells of a process. Returns: 0 or a negative errno value. */
int task_read(struct dump_process *process);

/** task_write - Writes the images of a process and its threads. Returns: 0 or a negative errno value. */
int task_write(const struct dump *dump, const struct dump_process *process, struct image_directory *directory,
	       const struct image_error *error);

#endif
