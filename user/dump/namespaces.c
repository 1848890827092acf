// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dump/namespaces.h"

void namespaces_check(const struct dump_process *process, struct blockers *blockers)
{
	static const char *const names[] = { "pid",
					     "net",
					     "mnt",
					     "user",
					     "ipc",
					     "uts",
					     "cgroup",
					     "time",
					     "pid_for_children",
					     "time_for_children" };
	int dir = proc_open(process->pid), own = proc_open(getpid());

	for (size_t i = 0; dir >= 0 && own >= 0 && i < sizeof(names) / sizeof(*names); i++) {
		char name[32], theirs[64], ours[64];
		ssize_t len;

		snprintf(name, sizeof(name), "ns/%s", names[i]);
		/* A kernel without that kind has no link. */
		if (proc_link(own, name, ours, sizeof(ours)) < 0)
			continue;
		len = proc_link(dir, name, theirs, sizeof(theirs));
		/* After unshare(2) and before its first child there is none. */
		if (len == -ENOENT && strchr(names[i], '_'))
			block(blockers, "%d: has a namespace for its children to come: %s", process->pid,
			      names[i]);
		else if (len < 0)
			block(blockers, "%d: namespace %s: %s", process->pid, names[i], strerror(-len));
		else if (strcmp(theirs, ours))
			block(blockers, "%d: is in a %s namespace of its own: %s", process->pid, names[i],
			      theirs);
	}
	if (dir >= 0)
		close(dir);
	if (own >= 0)
		close(own);
}
