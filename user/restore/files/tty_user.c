// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "locks/buffer.h"
#include "procfs/process.h"
#include "procfs/tree.h"
#include "restore/files/tty.h"

static bool has_open(int dir, const char *path)
{
	struct proc_numbers *numbers;
	bool found = false;
	int fd;

	if (proc_numbers_open(&numbers, dir, "fd"))
		return false;
	while (!found && proc_numbers_next(numbers, &fd) > 0) {
		char name[32], link[64];

		snprintf(name, sizeof(name), "fd/%d", fd);
		found = proc_link(dir, name, link, sizeof(link)) > 0 && !strcmp(link, path);
	}
	proc_numbers_close(numbers);
	return found;
}

static void name_process(struct lock_buffer *name, pid_t pid, int dir)
{
	char comm[PROC_COMM_MAX] = "?";

	proc_comm_read(dir, comm);
	lock_buffer_format(name, " by %d(", pid);
	lock_buffer_printable(name, comm);
	lock_buffer_add(name, ")");
}

void tty_name_user(uint32_t index, char *text, size_t size)
{
	struct lock_buffer name = { 0 };
	struct proc_pids pids = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/dev/pts/%u", index);
	if (!proc_pids_all(&pids)) {
		for (size_t i = 0; i < pids.nr && !name.len; i++) {
			int dir = proc_open(pids.pids[i]);

			if (dir >= 0 && has_open(dir, path))
				name_process(&name, pids.pids[i], dir);
			if (dir >= 0)
				close(dir);
		}
	}
	proc_pids_free(&pids);
	snprintf(text, size, "%s", lock_buffer_text(&name));
	lock_buffer_free(&name);
}
