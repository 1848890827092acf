// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "restore/tree/identity.h"

int identity_options(struct options *identity, const struct options *options,
		     const struct checkpoint *checkpoint)
{
	*identity = *options;
	identity->pairs = calloc(checkpoint->nr_processes + 1, sizeof(*identity->pairs));
	identity->nr_pairs = 0;
	if (!identity->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < checkpoint->nr_processes; i++) {
		pid_t pid = checkpoint->processes[i].pid;

		identity->pairs[identity->nr_pairs++] = (struct pid_pair){ pid, pid };
	}
	return 0;
}
