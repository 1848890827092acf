/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script of --action-script, as criu(8) runs it: a program without arguments that is told by its environment what
 * happens, and that ends it by failing.
 */
#ifndef IMAGE_ACTION_H
#define IMAGE_ACTION_H

#include <sys/types.h>

#include "image/directory.h"

struct action {
	const char *script; /* NULL: none is run */
	const char *dir; /* of the images */
	pid_t pid; /* of the first process; 0: it has none yet */
};

/**
 * action_run - Runs the script and waits for its end.
 * @name: of what happens, such as "post-dump"
 *
 * Returns: 0, or -ECANCELED with the error told: it could not be run, or it failed.
 */
int action_run(const struct action *action, const char *name, const struct image_error *error);

#endif
