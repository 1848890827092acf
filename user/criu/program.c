// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu/program.h"
#include "image/say.h"
#include "image/status.h"

char *program_self(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

	return len > 0 && len < (ssize_t)sizeof(path) ? strndup(path, len) : NULL;
}

/* Returns: the path of the one beside this program, which the caller frees, NULL: there is none. */
static char *find_beside(const char *name)
{
	char *self = program_self(), *slash = self ? strrchr(self, '/') : NULL, *path = NULL;

	if (slash && asprintf(&path, "%.*s/%s", (int)(slash - self), self, name) < 0)
		path = NULL;
	free(self);
	if (path && !access(path, X_OK))
		return path;
	free(path);
	return NULL;
}

int program_become(char **argv)
{
	char *path = find_beside(argv[0]);
	int err;

	if (path)
		execv(path, argv);
	else
		execvp(argv[0], argv);
	err = errno;
	say("%s: %s", path ?: argv[0], strerror(err));
	free(path);
	return err == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
}

int program_run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(program_become(argv));
	if (pid < 0) {
		say("%s: %s", argv[0], strerror(errno));
		return STATUS_CANNOT_RUN;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return STATUS_CANNOT_RUN;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
