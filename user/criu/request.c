// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "criu/request.h"
#include "image/say.h"
#include "image/status.h"

bool request_set(char **text, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return false;
	free(*text);
	*text = copy;
	return true;
}

/* Where a file lies that is named. Returns: NULL: no memory. */
static char *place(const struct request *request, const char *name)
{
	const char *dir = request->work ?: request->images;
	char *path;

	if (*name == '/' || !strcmp(dir, "."))
		return strdup(name);
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

char *request_log(const struct request *request)
{
	return request->log ? place(request, request->log) : NULL;
}

/* A value is in the same word as its option, so that it is none itself whatever it begins with. */
static void add_place(const struct request *request, struct words *words, const char *option,
		      const char *name)
{
	char *path = name ? place(request, name) : NULL;

	if (path)
		words_add(words, "--%s=%s", option, path);
	else if (name)
		words->failed = true;
	free(path);
}

static void add_flag(struct words *words, bool is_set, const char *option)
{
	if (is_set)
		words_add(words, "--%s", option);
}

static void add_all(struct words *words, const char *option, const struct words *values)
{
	words->failed |= values->failed;
	for (size_t i = 0; i < values->nr; i++)
		words_add(words, "--%s=%s", option, values->at[i]);
}

void request_words(const struct request *request, struct words *words)
{
	bool dump = request->kind == REQUEST_DUMP;

	words_add(words, dump ? "crdump" : "crrestore");
	if (dump && request->pid)
		words_add(words, "--tree=%s", request->pid);
	words_add(words, "--images-dir=%s", request->images);
	add_place(request, words, "log-file", request->log);
	if (request->level >= 0)
		words_add(words, "--verbose=%d", request->level);
	add_flag(words, request->shell_job, "shell-job");
	add_flag(words, request->no_load, "no-load");
	add_flag(words, dump && request->leave_running, "leave-running");
	add_flag(words, dump && request->leave_stopped, "leave-stopped");
	add_flag(words, !dump && request->detached, "restore-detached");
	add_flag(words, !dump && request->sibling, "restore-sibling");
	if (!dump) {
		add_place(request, words, "pidfile", request->pidfile);
		add_all(words, "inherit-fd", &request->inherit);
	}
	add_all(words, "external", &request->external);
	if (request->script)
		words_add(words, "--action-script=%s", request->script);
}

int request_pass(const struct request *request, int (*pass)(char **argv))
{
	struct words words = { 0 };
	int status = STATUS_IN_THE_WAY;

	request_words(request, &words);
	if (words.failed)
		say("%s", strerror(ENOMEM));
	else
		status = pass(words.at);
	words_free(&words);
	return status;
}

void request_free(struct request *request)
{
	free(request->pid);
	free(request->images);
	free(request->work);
	free(request->log);
	free(request->pidfile);
	free(request->script);
	words_free(&request->external);
	words_free(&request->inherit);
	*request = (struct request){ 0 };
}
