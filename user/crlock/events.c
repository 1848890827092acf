// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "crlock/events.h"
#include "crlock/say.h"
#include "locks/module.h"
#include "procfs/text.h"

int events_cannot_open(int err)
{
	struct crlock_info info;

	if (err == -ENOENT) {
		say(MODULE_NOT_LOADED);
		return STATUS_NO_MODULE;
	}
	if (err == -EPROTO && !crlock_get_info(&info)) {
		say(MODULE_FOREIGN_ABI, info.version, info.abi, CRLOCK_ABI);
		return STATUS_FOREIGN_ABI;
	}
	say("module crlock: %s", strerror(-err));
	return STATUS_FAILURE;
}

int events_cannot_read(const struct crlock *crlock, int err)
{
	const char *text = crlock_error(crlock);

	say("module crlock: %s", *text ? text : strerror(-err));
	return err == -ENOENT ? STATUS_NO_MODULE : STATUS_FAILURE;
}

int events_take_rcvbuf(const char *word, int *bytes)
{
	uint64_t number;

	if (!proc_text_unsigned(proc_text(word, strlen(word)), 10, INT_MAX / 2, &number) || !number)
		return say_usage("%s: not a number of bytes", word);
	*bytes = number;
	return STATUS_OK;
}

/* A process that ends can give up thousands of locks at once. It is a limit: what is not needed is not taken. */
#define RCVBUF_DEFAULT (16 << 20)

/* Beyond net.core.rmem_max only with CAP_NET_ADMIN; without, it is as much as may be. */
int events_set_rcvbuf(const struct crlock *crlock, int bytes)
{
	int fd = crlock_fd(crlock);

	bytes = bytes ?: RCVBUF_DEFAULT;
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    !setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		return STATUS_OK;
	say("--rcvbuf: %s", strerror(errno));
	return STATUS_FAILURE;
}

int events_take_signals(const int *signals, int *fd)
{
	sigset_t set;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	signal(SIGPIPE, SIG_IGN);
	if (!sigprocmask(SIG_BLOCK, &set, NULL))
		*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*fd >= 0)
		return STATUS_OK;
	say("signalfd: %s", strerror(errno));
	return STATUS_FAILURE;
}
