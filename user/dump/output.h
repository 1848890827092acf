/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a checkpoint goes.
 */
#ifndef DUMP_OUTPUT_H
#define DUMP_OUTPUT_H

#include "dump/options.h"
#include "image/directory.h"

/**
 * output_open - Opens the directory, or begins the stream on standard output.
 * @directory: the caller ends with image_directory_close()
 *
 * Returns: 0 or a negative errno value; then nothing is to be closed.
 */
int output_open(struct image_directory *directory, const struct options *options,
		const struct image_error *error);

#endif
