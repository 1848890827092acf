// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dump/namespaces.h"

static const char *const names[] = {
	"pid", "net", "mnt", "user", "ipc", "uts", "cgroup", "time", "pid_for_children", "time_for_children"
};

#define NR_NAMES (sizeof(names) / sizeof(*names))

typedef char links[NR_NAMES][64];

/* Of a kind that the kernel does not have the link is empty. */
static int read_own(links own)
{
	int dir = proc_open(getpid()), ret = dir < 0 ? dir : 0;

	for (size_t i = 0; !ret && i < NR_NAMES; i++) {
		char name[32];
		ssize_t len;

		snprintf(name, sizeof(name), "ns/%s", names[i]);
		len = proc_link(dir, name, own[i], sizeof(own[i]));
		if (len < 0)
			*own[i] = '\0';
		ret = len == -ENOENT ? 0 : len < 0 ? len : 0;
	}
	if (dir >= 0)
		close(dir);
	return ret;
}

/* @first: what the process's first thread has, which is told once; gets it if it is that one. */
static void check_one(pid_t tid, int dir, const char *kind, const char *own, char first[64], bool is_first,
		      struct blockers *blockers)
{
	char name[32], theirs[64] = "";
	ssize_t len;

	snprintf(name, sizeof(name), "ns/%s", kind);
	len = proc_link(dir, name, theirs, sizeof(theirs));
	if (is_first)
		memcpy(first, theirs, sizeof(theirs));
	else if (!strcmp(first, theirs))
		return;
	/* After unshare(2) and before its first child there is none. */
	if (len == -ENOENT && strchr(kind, '_'))
		block(blockers, "%d: has a namespace for its children to come: %s", tid, kind);
	else if (len < 0)
		block(blockers, "%d: namespace %s: %s", tid, kind, strerror(-len));
	else if (strcmp(theirs, own))
		block(blockers, "%d: is in a %s namespace of its own: %s", tid, kind, theirs);
}

/* Each thread can have left those of its process. */
int namespaces_check(const struct dump_process *process, struct blockers *blockers)
{
	links own, first;
	int ret = read_own(own);

	if (ret)
		return dump_fail(ret, getpid(), "namespaces");
	for (size_t i = 0; i < process->nr_threads; i++) {
		pid_t tid = process->threads[i].tid;
		int dir = proc_open(tid);

		if (dir < 0)
			return dump_fail(dir, tid, "/proc");
		for (size_t j = 0; j < NR_NAMES; j++) {
			if (*own[j])
				check_one(tid, dir, names[j], own[j], first[j], !i, blockers);
		}
		close(dir);
	}
	return 0;
}
