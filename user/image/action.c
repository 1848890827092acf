// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/action.h"
#include "image/status.h"

static void set_environment(const struct action *action, const char *name)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", action->pid);
	setenv("CRTOOLS_SCRIPT_ACTION", name, 1);
	setenv("CRTOOLS_IMAGE_DIR", action->dir, 1);
	if (action->pid)
		setenv("CRTOOLS_INIT_PID", pid, 1);
	else
		unsetenv("CRTOOLS_INIT_PID");
}

/* What is blocked or ignored here is not the script's affair. */
static void become_script(const struct action *action, const char *name)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	set_environment(action, name);
	execl(action->script, action->script, (char *)NULL);
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

static int judge(const struct action *action, const char *name, int status, const struct image_error *error)
{
	if (WIFSIGNALED(status))
		return image_error(error, -ECANCELED, action->script, "%s: signal %d ended it", name,
				   WTERMSIG(status));
	if (WEXITSTATUS(status) == STATUS_NOT_FOUND)
		return image_error(error, -ECANCELED, action->script, "%s: was not found", name);
	if (WEXITSTATUS(status) == STATUS_CANNOT_RUN)
		return image_error(error, -ECANCELED, action->script, "%s: cannot be run", name);
	if (WEXITSTATUS(status))
		return image_error(error, -ECANCELED, action->script, "%s: exit status %d", name,
				   WEXITSTATUS(status));
	return 0;
}

int action_run(const struct action *action, const char *name, const struct image_error *error)
{
	int status;
	pid_t pid;

	if (!action->script)
		return 0;
	pid = fork();
	if (!pid)
		become_script(action, name);
	if (pid < 0)
		return image_error(error, -ECANCELED, action->script, "%s: %s", name, strerror(errno));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return image_error(error, -ECANCELED, action->script, "%s: %s", name,
					   strerror(errno));
	}
	return judge(action, name, status, error);
}
