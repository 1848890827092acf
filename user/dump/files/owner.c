// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dump/files/owner.h"

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

static bool has_thread(const struct trace_tree *tree, pid_t tid)
{
	for (size_t i = 0; i < tree->nr; i++) {
		const struct trace_process *process = &tree->processes[i];

		for (size_t j = 0; j < process->nr_threads; j++) {
			if (process->threads[j].tid == tid)
				return true;
		}
	}
	return trace_tree_has(tree, tid);
}

/* The members of a process group may be anywhere: some in the tree are enough. */
static bool is_in(const struct trace_tree *tree, const struct f_owner_ex *owner)
{
	if (owner->type == F_OWNER_TID)
		return has_thread(tree, owner->pid);
	if (owner->type == F_OWNER_PID)
		return trace_tree_has(tree, owner->pid);
	for (size_t i = 0; i < tree->nr; i++) {
		if (getpgid(tree->processes[i].pid) == owner->pid)
			return true;
	}
	return false;
}

int owner_read(struct dump_files *files, struct dump_file *file, int fd)
{
	struct f_owner_ex owner;
	uint32_t uids[2];
	int signal;

	/* A descriptor that is a place only has none. */
	if (file->flags & O_PATH)
		return 0;
	if (fcntl(fd, F_GETOWN_EX, &owner))
		return -errno;
	signal = fcntl(fd, F_GETSIG);
	if (signal < 0)
		return -errno;
	file->owner.signum = signal;
	if (!owner.pid)
		return 0;
	if (!is_in(files->tree, &owner))
		file_block(files, file,
			   "signals of it go to process%s %d, outside the tree; dump one with both",
			   owner.type == F_OWNER_PGRP ? " group" : "", owner.pid);
	if (fcntl(fd, F_GETOWNER_UIDS, uids))
		return -errno;
	file->owner.pid = owner.pid;
	file->owner.pid_type = owner.type;
	file->owner.uid = uids[0];
	file->owner.euid = uids[1];
	return 0;
}
