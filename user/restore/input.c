// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "image/directory.h"
#include "image/ending_signals.h"
#include "image/progress.h"
#include "image/say.h"
#include "image/spool.h"
#include "image/status.h"
#include "restore/input.h"

/* Not /tmp, which may be memory: this can be as large as that of all processes. */
static const char *parent_directory(void)
{
	const char *path = getenv("TMPDIR");

	return path && *path ? path : "/var/tmp";
}

/* With mode 0700: what is in memory is nobody else's business. */
static int make_private(struct input *input)
{
	if (asprintf(&input->made, "%s/crrestore.XXXXXX", parent_directory()) < 0) {
		input->made = NULL;
		say("%s", strerror(ENOMEM));
		return STATUS_IMAGE;
	}
	if (mkdtemp(input->made))
		return 0;
	say("%s: %s", parent_directory(), strerror(errno));
	free(input->made);
	input->made = NULL;
	return STATUS_IMAGE;
}

/* Of each process a file is open as long as its memory may come, which is almost to the end. */
static struct rlimit raise_limit(void)
{
	struct rlimit before = { 0 }, limit;

	if (!getrlimit(RLIMIT_NOFILE, &before)) {
		limit = before;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return before;
}

static int spool(const char *path, bool flush)
{
	char why[4096];
	const struct image_error error = { why, sizeof(why) };
	const struct rlimit limit = raise_limit();
	struct image_directory directory;
	int ret = image_directory_make(&directory, path, &error);

	if (!ret) {
		progress_begin("receiving", 0);
		ret = image_spool(&directory, flush, STDIN_FILENO, "standard input", &error);
		progress_end();
		image_directory_close(&directory, !ret);
	}
	if (limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &limit);
	if (ret)
		say("%s", why);
	return ret ? STATUS_IMAGE : 0;
}

int input_read(struct input *input, struct options *options)
{
	sigset_t set, before;
	int status = 0;

	*input = (struct input){ 0 };
	if (!options->stream)
		return 0;
	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	if (!options->dir)
		status = make_private(input);
	if (input->made)
		options->dir = input->made;
	status = status ? status : spool(options->dir, !input->made);
	if (status)
		input_close(input, false);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

void input_close(struct input *input, bool keep)
{
	if (!input->made)
		return;
	if (keep)
		say_warning("the checkpoint is kept in %s (crrestore -D takes it)", input->made);
	else
		image_directory_remove(input->made);
	free(input->made);
	input->made = NULL;
}
