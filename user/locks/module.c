// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "locks/module.h"

/* Once is enough: a module that is not there does not come by asking again, and each time costs a process. */
static bool may_load = true;

void module_never_load(void)
{
	may_load = false;
}

/*
 * Others than root have no use for a module that does not answer them, and the kernel is not to be tainted for that.
 *
 * Returns: whether what failed is worth another try.
 */
static bool load(int err)
{
	if (err != -ENOENT || !may_load || geteuid())
		return false;
	may_load = false;
	return !crlock_load();
}

int module_open(struct crlock **out)
{
	int err = crlock_open(out);

	return load(err) ? crlock_open(out) : err;
}

int module_get_info(struct crlock_info *info)
{
	int err = crlock_get_info(info);

	return load(err) ? crlock_get_info(info) : err;
}
