// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "dump/facts.h"
#include "image/say.h"
#include "image/status.h"
#include "locks/module.h"

static bool can_tell_tasks(void)
{
	struct crlock_info info;

	return !crlock_get_info(&info) && info.features & CRLOCK_FEATURE_TASKS;
}

int facts_open(struct dump *dump)
{
	enum lock_from from = dump->options->from;
	int ret;

	if (from == LOCK_FROM_PROC)
		return 0;
	ret = module_open(&dump->module);
	if (!ret && can_tell_tasks())
		return 0;
	crlock_close(dump->module);
	dump->module = NULL;
	if (from == LOCK_FROM_KMOD) {
		if (ret == -ENOENT)
			say(MODULE_NOT_LOADED);
		else
			say("module crlock: %s", ret ? strerror(-ret)
						     : "is too old to tell the state of tasks "
						       "(load the one of this version)");
		return STATUS_MODULE;
	}
	/* That it is not there is nothing new. */
	if (ret && ret != -ENOENT)
		say_warning("module crlock: %s: /proc and ptrace are asked instead", strerror(-ret));
	if (dump->options->verbose)
		say_warning("without the module system calls run in the target, and the time that is left of "
			    "poll, of futex, and of a sleep that does not ask for it, is not known");
	return 0;
}

int facts_read(struct dump *dump)
{
	int ret = 0;

	if (dump->module)
		return facts_read_module(dump);
	for (size_t i = 0; !ret && i < dump->nr; i++) {
		if (!dump->processes[i].zombie && !dump->processes[i].foreign)
			ret = facts_read_remote(&dump->processes[i]);
	}
	return ret;
}
