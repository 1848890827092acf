// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include "dump/output.h"

int output_open(struct image_directory *directory, const struct options *options,
		const struct image_error *error)
{
	if (options->stream)
		return image_directory_stream(directory, STDOUT_FILENO, "standard output", error);
	return image_directory_make(directory, options->dir, error);
}
