// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "criu/answer.h"
#include "criu/log.h"
#include "criu/version.h"
#include "image/say.h"
#include "image/status.h"

static Rpc__Response make(const struct work *work, bool success)
{
	Rpc__Response response = RPC__RESPONSE__INIT;

	response.type = work->type;
	response.success = success;
	return response;
}

/* Returns: a status, or if that is 0 and it cannot be sent STATUS_IN_THE_WAY. */
static int deliver(const struct work *work, const Rpc__Response *response, int status)
{
	int ret = message_send(work->socket, response);

	if (!ret)
		return status;
	say("swrk: the answer: %s", strerror(-ret));
	return status ?: STATUS_IN_THE_WAY;
}

int answer_done(const struct work *work)
{
	Rpc__Response response = make(work, true);

	return deliver(work, &response, STATUS_OK);
}

int answer_dumped(const struct work *work)
{
	Rpc__Response response = make(work, true);
	Rpc__Dumped dumped = RPC__DUMPED__INIT;

	dumped.has_restored = true;
	response.dumped = &dumped;
	return deliver(work, &response, STATUS_OK);
}

int answer_restored(const struct work *work, pid_t pid)
{
	Rpc__Response response = make(work, true);
	Rpc__Restored restored = RPC__RESTORED__INIT;

	restored.pid = pid;
	response.restored = &restored;
	return deliver(work, &response, STATUS_OK);
}

int answer_version(const struct work *work)
{
	Rpc__Response response = make(work, true);
	Rpc__Version version = RPC__VERSION__INIT;

	version.major = CRIU_VERSION_MAJOR;
	version.minor = CRIU_VERSION_MINOR;
	version.name = "crlock " CRLOCK_VERSION;
	response.version = &version;
	return deliver(work, &response, STATUS_OK);
}

int answer_features(const struct work *work, const Rpc__Features *asked)
{
	Rpc__Response response = make(work, true);
	Rpc__Features features = RPC__FEATURES__INIT;

	if (asked) {
		features.has_mem_track = asked->has_mem_track;
		features.has_lazy_pages = asked->has_lazy_pages;
		features.has_pidfd_store = asked->has_pidfd_store;
	}
	response.features = &features;
	return deliver(work, &response, STATUS_OK);
}

static int say_no(const struct work *work, int code, const char *why, int status)
{
	Rpc__Response response = make(work, false);
	char text[RPC_WHY_MAX];

	snprintf(text, sizeof(text), "%s", why);
	response.has_error = true;
	response.error = code;
	response.message = text;
	return deliver(work, &response, status);
}

int answer_refused(const struct work *work, int ret, const char *why)
{
	log_write(work->log, why);
	return say_no(work, -ret, why, STATUS_USAGE);
}

/* Exit statuses of crdump(8) and crrestore(8). */
static int code_of(int status)
{
	switch (status) {
	case STATUS_USAGE:
		return EINVAL;
	case STATUS_NO_PROCESS:
		return ESRCH;
	case STATUS_IMAGE:
		return EIO;
	case STATUS_NOT_FOUND:
		return ENOENT;
	}
	return EBUSY;
}

int answer_failed(const struct work *work, int status)
{
	char why[RPC_WHY_MAX];

	log_last_line(work->log, why, sizeof(why));
	if (!*why)
		answer_why(why, "exit status %d", status);
	return say_no(work, code_of(status), why, status);
}

void answer_why(char why[RPC_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, RPC_WHY_MAX, format, args);
	va_end(args);
}
