// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "criu/message.h"
#include "criu/notify.h"
#include "image/say.h"
#include "image/status.h"

/* The number of the socket, which is open in all that is started. */
#define VARIABLE_SOCKET "CRLOCK_CRIU_SOCKET"

int notify_prepare(int socket)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", socket);
	return setenv(VARIABLE_SOCKET, number, 1) ? -errno : 0;
}

bool notify_is_asked(int argc)
{
	return argc == 1 && getenv(VARIABLE_SOCKET) && getenv("CRTOOLS_SCRIPT_ACTION");
}

static int number_of(const char *variable)
{
	const char *text = getenv(variable);
	long number = text ? strtol(text, NULL, 10) : 0;

	return number > 0 && number <= INT_MAX ? number : 0;
}

static int send_notice(int socket)
{
	Rpc__Notice notice = RPC__NOTICE__INIT;
	Rpc__Response response = RPC__RESPONSE__INIT;

	notice.script = getenv("CRTOOLS_SCRIPT_ACTION");
	notice.pid = number_of("CRTOOLS_INIT_PID");
	notice.has_pid = notice.pid;
	response.type = MESSAGE_NOTIFY;
	response.success = true;
	response.notice = &notice;
	return message_send(socket, &response);
}

/* Returns: 0, -ECANCELED: the peer does not want it to go on, or another negative errno value. */
static int receive_answer(int socket)
{
	Rpc__Request *answer;
	int ret = message_receive(socket, &answer);

	if (ret <= 0)
		return ret ? ret : -EPIPE;
	if (answer->type != MESSAGE_NOTIFY)
		ret = -EPROTO;
	else
		ret = answer->notify_success ? 0 : -ECANCELED;
	rpc__request__free_unpacked(answer, NULL);
	return ret;
}

int notify(void)
{
	int socket = number_of(VARIABLE_SOCKET), ret = send_notice(socket);

	ret = ret ? ret : receive_answer(socket);
	if (ret)
		say("%s: the peer: %s", getenv("CRTOOLS_SCRIPT_ACTION"), strerror(-ret));
	return ret ? STATUS_IN_THE_WAY : STATUS_OK;
}
