// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static void live(int from, int to, child_fn *first, child_fn *then, void *data)
{
	char byte = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (first)
		first(data);
	if (write(to, &byte, 1) != 1)
		_exit(1);
	if (then)
		then(data);
	while (read(from, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

bool child_start(struct child *child, child_fn *first, child_fn *then, void *data)
{
	int down[2], up[2];
	char byte;

	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
		return false;
	fflush(NULL);
	child->pid = fork();
	if (!child->pid) {
		close(down[1]);
		close(up[0]);
		live(down[0], up[1], first, then, data);
	}
	close(down[0]);
	close(up[1]);
	child->to = down[1];
	child->from = up[0];
	return child->pid > 0 && read(child->from, &byte, 1) == 1;
}

void child_end(struct child *child)
{
	pid_t pid;

	if (child->pid <= 0)
		return;
	kill(child->pid, SIGKILL);
	/* Threads that the test traces are reaped one by one, and before their leader. */
	do
		pid = waitpid(-1, NULL, __WALL);
	while (pid > 0 && pid != child->pid);
	close(child->from);
	close(child->to);
	child->pid = 0;
}

bool child_run(child_fn *fn, void *data)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fn(data);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static char state_of(pid_t tid)
{
	char name[32], line[512] = "";
	const char *end;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", tid);
	file = fopen(name, "re");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	end = strrchr(line, ')');
	return end && end[1] ? end[2] : 0;
}

bool child_await(pid_t tid, char state)
{
	return until(state_of(tid) == state);
}

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}
