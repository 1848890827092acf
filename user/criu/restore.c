// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "criu/program.h"
#include "criu/restore.h"
#include "image/status.h"

/* Returns: the pid that crrestore wrote when all went well, 0: it did not. */
static pid_t read_pidfile(int pidfile)
{
	char text[16] = "";

	if (pread(pidfile, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtol(text, NULL, 10);
}

/* In the process that is left behind. */
static int answer_at_end(const struct work *work, int process, int pidfile)
{
	struct pollfd end = { .fd = process, .events = POLLIN };
	pid_t pid;

	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	pid = read_pidfile(pidfile);
	return pid > 0 ? answer_restored(work, pid) : answer_failed(work, STATUS_IN_THE_WAY);
}

int restore(const struct work *work, struct words *words)
{
	int process = syscall(SYS_pidfd_open, getpid(), 0);
	/* Open also in crrestore, and in nothing that it restores. */
	int pidfile = memfd_create("pidfile", 0);
	pid_t pid = -1;

	words_add(words, "--pidfile=/proc/self/fd/%d", pidfile);
	if (process >= 0 && pidfile >= 0 && !words->failed)
		pid = fork();
	if (pid < 0)
		return answer_refused(work, -ENOMEM, strerror(ENOMEM));
	if (!pid)
		_exit(answer_at_end(work, process, pidfile));
	return program_become(words->at);
}
