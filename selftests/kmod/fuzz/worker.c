// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends requests, and judges what comes back. Netlink may be silent about a request; so each is followed by one that
 * is well-formed, and what has not come before the answer to that will not come, but for the rest of a dump.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../raw.h"
#include "fuzz.h"
#include "rng.h"

/* After this it is taken for granted that no answer will come. */
#define HANG_SECONDS 300

struct worker {
	struct fuzz *fuzz;
	struct progress *progress;
	struct raw raw;
	uint32_t seq;
	struct fuzz_request request;
};

/* What has come of a request and of the one behind it. */
struct outcome {
	struct raw_answer answer;
	bool is_answered; /* there is an error, or 0 */
	bool in_dump; /* parts came, and more will */
	bool fence_answered;
	bool interrupted; /* more was asked for, which may be a dump that is under way */
};

static uint64_t *rng(struct worker *worker)
{
	return &worker->progress->rng;
}

static void open_socket(struct worker *worker)
{
	struct timeval hang = { .tv_sec = HANG_SECONDS };

	raw_close(&worker->raw);
	/* Where memory is scarce it may take more than one try. */
	while (!raw_open(&worker->raw)) {
		raw_close(&worker->raw);
		if (!worker->fuzz->scarce)
			errx(1, "the family is not there");
	}
	setsockopt(mnl_socket_get_fd(worker->raw.socket), SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof(hang));
}

static bool is_scarcity(int error)
{
	return error == ENOMEM || error == ENOBUFS;
}

/* Returns: whether it was sent. */
static bool send_bytes(struct worker *worker, const void *bytes, size_t len)
{
	int fd = mnl_socket_get_fd(worker->raw.socket);

	while (send(fd, bytes, len, 0) < 0) {
		if (!worker->fuzz->scarce || !is_scarcity(errno)) {
			fuzz_fail(worker->fuzz, &worker->request, "send: %s", strerror(errno));
			return false;
		}
		worker->fuzz->scarcities++;
	}
	return true;
}

static uint32_t send_fence(struct worker *worker)
{
	struct raw_request fence;

	raw_begin(&fence, &worker->raw, CRLOCK_CMD_INFO_GET, false);
	fence.nlh.nlmsg_seq = ++worker->seq;
	return send_bytes(worker, &fence, fence.nlh.nlmsg_len) ? worker->seq : 0;
}

static void take_message(struct worker *worker, struct outcome *outcome, const struct nlmsghdr *nlh,
			 uint32_t fence)
{
	struct raw_answer answer = { 0 };

	if (nlh->nlmsg_seq == fence) {
		outcome->fence_answered |= raw_read(&answer, nlh);
		if (answer.error && !(worker->fuzz->scarce && is_scarcity(-answer.error)))
			fuzz_fail(worker->fuzz, &worker->request, "a good request after it: %d",
				  answer.error);
	} else if (nlh->nlmsg_seq == worker->request.nlh.nlmsg_seq) {
		outcome->in_dump = nlh->nlmsg_flags & NLM_F_MULTI && nlh->nlmsg_type != NLMSG_DONE;
		outcome->is_answered |= raw_read(&outcome->answer, nlh);
	}
}

/* Returns: whether there was something; it is not the same as an answer. */
static bool receive(struct worker *worker, struct outcome *outcome, uint32_t fence)
{
	static char buffer[1 << 18] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer;
	ssize_t size = recv(mnl_socket_get_fd(worker->raw.socket), buffer, sizeof(buffer), 0);
	int rest = size;

	if (size < 0) {
		if (worker->fuzz->scarce && is_scarcity(errno))
			worker->fuzz->scarcities++;
		else
			fuzz_fail(worker->fuzz, &worker->request, "recv: %s", strerror(errno));
		return false;
	}
	for (; mnl_nlmsg_ok(nlh, rest); nlh = mnl_nlmsg_next(nlh, &rest))
		take_message(worker, outcome, nlh, fence);
	return true;
}

/* Judging ---------------------------------------------------------------------------------------------- */

/* What the family says where it says no. */
static bool is_known_error(int error)
{
	static const int known[] = { EINVAL, ERANGE, ESRCH, EAGAIN, EBUSY, EUSERS, EOPNOTSUPP };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i] == error)
			return true;
	return false;
}

static void judge_refusal(struct fuzz *fuzz, const struct fuzz_request *request,
			  const struct outcome *outcome)
{
	const struct raw_answer *answer = &outcome->answer;
	int error = -answer->error;

	if (fuzz->scarce && is_scarcity(error)) {
		fuzz->scarcities++;
		fuzz->explained += !!answer->text[0];
		return;
	}
	fuzz->refused++;
	if (!is_known_error(error))
		fuzz_fail(fuzz, request, "it was refused with %s", strerror(error));
	else if (!answer->text[0] && request_is_of_netlink(request))
		fuzz->of_netlink++;
	else if (!answer->text[0])
		fuzz_fail(fuzz, request, "it was refused with %s without a reason", strerror(error));
}

static void judge(struct fuzz *fuzz, const struct fuzz_request *request, const struct outcome *outcome)
{
	bool must_answer = request_is_heard(request) &&
			   (request->is_wrong || request_is_of_netlink(request) || request_is_dump(request) ||
			    request->nlh.nlmsg_flags & NLM_F_ACK);

	if (outcome->is_answered && outcome->answer.error)
		judge_refusal(fuzz, request, outcome);
	else if (must_answer && !outcome->is_answered)
		fuzz_fail(fuzz, request, "there was no answer");
	else if (request_is_heard(request) && (request->is_wrong || request_is_of_netlink(request)))
		fuzz_fail(fuzz, request, "it was accepted");
}

/* Ways to go on ---------------------------------------------------------------------------------------- */

/*
 * While a dump is under way the socket cannot begin another, and is to answer all else. Events would fill its queue,
 * and so are not asked for.
 */
static void interrupt(struct worker *worker)
{
	struct raw_request other;
	const struct spec_request *spec;

	do
		spec = &spec_requests[rng_below(rng(worker), spec_nr_requests)];
	while (spec->command == CRLOCK_CMD_MONITOR);
	raw_begin(&other, &worker->raw, spec->command, spec->dump);
	other.nlh.nlmsg_seq = ++worker->seq;
	send_bytes(worker, &other, other.nlh.nlmsg_len);
	worker->fuzz->interrupted++;
}

/* Returns: false if the socket cannot be used any more. */
static bool receive_all(struct worker *worker, struct outcome *outcome)
{
	uint32_t fence = send_fence(worker);
	bool may_interrupt = rng_one_in(rng(worker), 4);

	while (fence && (!outcome->fence_answered || outcome->in_dump)) {
		if (!receive(worker, outcome, fence))
			return false;
		if (outcome->in_dump && may_interrupt) {
			interrupt(worker);
			outcome->interrupted = true;
			may_interrupt = false;
		}
	}
	return fence;
}

/* Returns: whether a dump was left to itself. */
static bool leave(struct worker *worker, struct outcome *outcome)
{
	if (!request_is_dump(&worker->request) || !rng_one_in(rng(worker), 8))
		return false;
	/* Nothing came yet, or the first part did. */
	if (rng_one_in(rng(worker), 2) && request_is_heard(&worker->request))
		receive(worker, outcome, 0);
	worker->fuzz->closed++;
	open_socket(worker);
	return true;
}

/* The queue of a listener would fill. */
static bool becomes_listener(const struct fuzz_request *request, const struct outcome *outcome)
{
	const struct genlmsghdr *genl = (const struct genlmsghdr *)(request->bytes + NLMSG_HDRLEN);

	return genl->cmd == CRLOCK_CMD_MONITOR && !outcome->answer.error && request_is_heard(request);
}

/* A dump that netlink has refused for want of memory is under way for it still. */
static bool may_be_stuck(const struct worker *worker, const struct outcome *outcome)
{
	bool was_refused = request_is_dump(&worker->request) && is_scarcity(-outcome->answer.error);

	return worker->fuzz->scarce && (was_refused || outcome->interrupted);
}

static enum kind choose_kind(struct worker *worker)
{
	return worker->fuzz->crowd ? KIND_GOOD : rng_below(rng(worker), NR_KINDS);
}

static const struct spec_request *choose_spec(struct worker *worker)
{
	const struct spec_request *spec;

	do
		spec = &spec_requests[rng_below(rng(worker), spec_nr_requests)];
	while (worker->fuzz->crowd && !spec->dump);
	return spec;
}

static void do_request(struct worker *worker)
{
	const struct spec_request *spec = choose_spec(worker);
	struct outcome outcome = { 0 };

	request_make(&worker->request, rng(worker), choose_kind(worker), spec, &worker->fuzz->subjects,
		     worker->raw.family, ++worker->seq);
	worker->fuzz->of_kind[worker->request.kind]++;
	worker->fuzz->unheard += !request_is_heard(&worker->request);
	if (!send_bytes(worker, worker->request.bytes, worker->request.len)) {
		open_socket(worker);
		return;
	}
	if (leave(worker, &outcome))
		return;
	if (!receive_all(worker, &outcome)) {
		open_socket(worker);
		return;
	}
	judge(worker->fuzz, &worker->request, &outcome);
	if (becomes_listener(&worker->request, &outcome) || may_be_stuck(worker, &outcome))
		open_socket(worker);
}

/* All dumps of a crowd are under way before the first goes on. */
static void begin_crowd(struct worker *worker)
{
	struct outcome outcome = { 0 };

	raw_begin((struct raw_request *)worker->request.bytes, &worker->raw, CRLOCK_CMD_LOCK_GET, true);
	worker->request.nlh.nlmsg_seq = ++worker->seq;
	worker->request.len = worker->request.nlh.nlmsg_len;
	worker->request.spec = spec_request(CRLOCK_CMD_LOCK_GET, true);
	if (send_bytes(worker, worker->request.bytes, worker->request.len)) {
		pthread_barrier_wait(&worker->fuzz->barrier);
		if (receive_all(worker, &outcome))
			judge(worker->fuzz, &worker->request, &outcome);
	}
}

void fuzz_work(struct fuzz *fuzz, struct progress *progress)
{
	static struct worker worker;

	worker.fuzz = fuzz;
	worker.progress = progress;
	if (fuzz->watch)
		coverage_begin();
	open_socket(&worker);
	if (fuzz->crowd && !fuzz->scarce)
		begin_crowd(&worker);
	for (; progress->left; progress->left--) {
		do_request(&worker);
		coverage_collect(&fuzz->coverage);
	}
	raw_close(&worker.raw);
}
