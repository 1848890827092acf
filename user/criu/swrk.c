// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "criu/answer.h"
#include "criu/check.h"
#include "criu/message.h"
#include "criu/notify.h"
#include "criu/program.h"
#include "criu/restore.h"
#include "criu/rpc.h"
#include "criu/swrk.h"
#include "image/say.h"
#include "image/status.h"

static pid_t peer_of(int socket)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

/* What happens is told to the peer by this program again. */
static int tell_peer(struct request *request, int socket, char why[RPC_WHY_MAX])
{
	int ret;

	request->script = program_self();
	ret = request->script ? notify_prepare(socket) : -ENOENT;
	if (ret)
		answer_why(why, "this program: %s", strerror(-ret));
	return ret;
}

static int dump(const struct work *work, struct words *words)
{
	int status = program_run(words->at);

	return status ? answer_failed(work, status) : answer_dumped(work);
}

static int carry_out(struct work *work, const struct request *request)
{
	struct words words = { 0 };
	int status;

	request_words(request, &words);
	if (words.failed)
		status = answer_refused(work, -ENOMEM, strerror(ENOMEM));
	else if (request->kind == REQUEST_DUMP)
		status = dump(work, &words);
	else
		status = restore(work, &words);
	words_free(&words);
	return status;
}

static int serve_tree(int socket, const Rpc__Request *message, enum request_kind kind)
{
	struct work work = { .socket = socket, .type = message->type };
	struct request request;
	char why[RPC_WHY_MAX];
	int ret = rpc_read(message->options, kind, peer_of(socket), &request, why), status;

	if (!ret && message->options->notify_scripts)
		ret = tell_peer(&request, socket, why);
	work.log = request_log(&request);
	status = ret ? answer_refused(&work, ret, why) : carry_out(&work, &request);
	free(work.log);
	request_free(&request);
	return status;
}

static int serve_check(int socket)
{
	const struct work work = { .socket = socket, .type = MESSAGE_CHECK };
	const struct request asked = { .kind = REQUEST_CHECK, .level = -1 };
	int status = check(&asked);

	return status ? answer_failed(&work, status) : answer_done(&work);
}

/* Returns: the exit status; then there is an answer. */
static int serve(int socket, const Rpc__Request *request)
{
	const struct work work = { .socket = socket, .type = request->type };
	char why[RPC_WHY_MAX];

	switch (request->type) {
	case MESSAGE_VERSION:
		return answer_version(&work);
	case MESSAGE_FEATURES:
		return answer_features(&work, request->features);
	case MESSAGE_CHECK:
		return serve_check(socket);
	case MESSAGE_DUMP:
		return serve_tree(socket, request, REQUEST_DUMP);
	case MESSAGE_RESTORE:
		return serve_tree(socket, request, REQUEST_RESTORE);
	}
	answer_why(why, "requests of type %d are not supported", request->type);
	return answer_refused(&work, -EOPNOTSUPP, why);
}

static int parse_socket(const char *text)
{
	socklen_t size = sizeof(int);
	char *end;
	long fd;
	int type;

	errno = 0;
	fd = strtol(text, &end, 10);
	if (errno || end == text || *end || fd < 0 || fd > INT_MAX) {
		say_usage("swrk: '%s' is no descriptor", text);
		return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size)) {
		say_usage("swrk: descriptor %ld: %s", fd, strerror(errno));
		return -1;
	}
	if (type != SOCK_SEQPACKET) {
		say_usage("swrk: descriptor %ld is no socket of type SOCK_SEQPACKET", fd);
		return -1;
	}
	return fd;
}

static int refuse_message(int socket, int ret)
{
	const struct work work = { .socket = socket, .type = MESSAGE_EMPTY };
	const char *why = ret == -EBADMSG    ? "the message is no request"
			  : ret == -EMSGSIZE ? "the message is too long"
					     : strerror(-ret);

	say("swrk: %s", why);
	answer_refused(&work, ret, why);
	return STATUS_USAGE;
}

int swrk(const char *number)
{
	int socket = parse_socket(number), status = STATUS_OK, ret;
	Rpc__Request *request;
	bool more = true;

	if (socket < 0)
		return STATUS_USAGE;
	while (more) {
		ret = message_receive(socket, &request);
		if (ret < 0)
			return refuse_message(socket, ret);
		if (!ret)
			return status;
		status = serve(socket, request);
		more = request->keep_open;
		rpc__request__free_unpacked(request, NULL);
	}
	return status;
}
