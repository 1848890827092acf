// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu/check.h"
#include "criu/program.h"
#include "image/directory.h"
#include "image/say.h"
#include "image/status.h"

/* It has nothing that could stand in the way. */
static void live(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir("/"))
		_exit(1);
	syscall(SYS_close_range, 0, ~0U, 0);
	for (;;)
		pause();
}

/* Returns: its pid once it lives, or a negative errno value. */
static pid_t start(void)
{
	int ready[2], ret;
	pid_t pid;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		live();
	ret = -errno;
	close(ready[1]);
	/* The end comes when it has no descriptor any more. */
	while (pid > 0 && read(ready[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ready[0]);
	return pid < 0 ? ret : pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The process is a child of this one before and after. */
static int dump_and_restore(pid_t pid, const char *dir, const struct request *asked)
{
	struct request request = {
		.kind = REQUEST_DUMP,
		.detached = true,
		.sibling = true,
		.level = asked->level,
		.no_load = asked->no_load,
	};
	char text[16];
	int status = STATUS_IN_THE_WAY;

	snprintf(text, sizeof(text), "%d", pid);
	if (request_set(&request.pid, text) && request_set(&request.images, dir))
		status = request_pass(&request, program_run);
	/* That of a zombie is taken. */
	end(pid);
	if (!status) {
		request.kind = REQUEST_RESTORE;
		status = request_pass(&request, program_run);
		if (!status)
			end(pid);
	}
	request_free(&request);
	return status;
}

int check(const struct request *asked)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;
	pid_t pid;
	int status;

	if (asprintf(&dir, "%s/crlock-criu.XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0)
		dir = NULL;
	if (!dir || !mkdtemp(dir)) {
		say("%s: %s", dir ?: "a directory", strerror(errno));
		free(dir);
		return STATUS_IMAGE;
	}
	pid = start();
	if (pid < 0)
		say("check: no process can be made: %s", strerror(-pid));
	status = pid < 0 ? STATUS_NO_PROCESS : dump_and_restore(pid, dir, asked);
	image_directory_remove(dir);
	free(dir);
	return status;
}
