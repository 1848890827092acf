/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --stream: the checkpoint comes on standard input, and is put into a directory before all else.
 */
#ifndef RESTORE_INPUT_H
#define RESTORE_INPUT_H

#include <stdbool.h>

#include "restore/options.h"

struct input {
	char *made; /* directory that is ours alone; NULL: none */
};

/**
 * input_read - Reads the stream into the directory that is given, or else a private one.
 * @input: the caller ends with input_close(), also after an error
 * @options: gets the directory
 *
 * What is wrong is printed, and nothing is left then. A signal that would end this program does so after
 * that.
 *
 * Returns: 0 or the exit status.
 */
int input_read(struct input *input, struct options *options);

/**
 * input_close - Removes the private directory.
 * @keep: do not, but say where it is: what it tells of may be nowhere else any more
 */
void input_close(struct input *input, bool keep);

#endif
