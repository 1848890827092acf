// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crlock/graph/print.h"
#include "crlock/say.h"

extern char **environ;

/* The whole of it first: then nobody waits for anybody at the ends of a pipe. */
static int write_dot(const struct graph *graph, int fd)
{
	FILE *file = fdopen(dup(fd), "w");
	int err;

	if (!file)
		return -errno;
	err = graph_print_dot(graph, file);
	if (fclose(file) && !err)
		err = -errno;
	if (!err && lseek(fd, 0, SEEK_SET))
		err = -errno;
	return err;
}

static int spawn(int input, pid_t *pid)
{
	static char *const args[] = { "dot", "-Tsvg", NULL };
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return err;
	err = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
		      ?: posix_spawnp(pid, args[0], &actions, NULL, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int run_dot(int input)
{
	pid_t pid;
	int status, err = spawn(input, &pid);

	if (err == ENOENT) {
		say("dot: not installed (package graphviz); --dot prints what it would draw");
		return STATUS_FAILURE;
	}
	if (err) {
		say("dot: %s", strerror(err));
		return STATUS_FAILURE;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return STATUS_OK;
	if (WIFSIGNALED(status))
		say("dot: ended by signal %d", WTERMSIG(status));
	else
		say("dot: exit status %d", WEXITSTATUS(status));
	return STATUS_FAILURE;
}

int graph_print_svg(const struct graph *graph)
{
	int fd = memfd_create("graph", MFD_CLOEXEC), status = STATUS_FAILURE, err;

	if (fd < 0) {
		say("%s", strerror(errno));
		return STATUS_FAILURE;
	}
	err = write_dot(graph, fd);
	if (err)
		say("%s", strerror(-err));
	else
		status = run_dot(fd);
	close(fd);
	return status;
}
