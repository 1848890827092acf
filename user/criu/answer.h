/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers to requests. Each function returns the exit status that goes with its answer, or STATUS_IN_THE_WAY if the
 * answer cannot be sent.
 */
#ifndef CRIU_ANSWER_H
#define CRIU_ANSWER_H

#include <sys/types.h>

#include "criu/message.h"
#include "criu/rpc.h"

/* A request that is being carried out. */
struct work {
	int socket;
	int type; /* of the request, and so of the answer */
	char *log; /* path, or NULL */
};

/** answer_done - It went well, and there is no more to say. */
int answer_done(const struct work *work);

/** answer_dumped - The processes are dumped. */
int answer_dumped(const struct work *work);

/** answer_restored - The processes go on. @pid: of the first one. */
int answer_restored(const struct work *work, pid_t pid);

/** answer_version - Which version of criu(8) this stands for. */
int answer_version(const struct work *work);

/** answer_features - Which of the features that are asked about are there: none. @asked: may be NULL. */
int answer_features(const struct work *work, const Rpc__Features *asked);

/** answer_refused - It was not begun. @ret: a negative errno value; @why: goes to the log too. */
int answer_refused(const struct work *work, int ret, const char *why);

/** answer_failed - It went wrong, as the end of the log says. @status: of what was run, which is returned. */
int answer_failed(const struct work *work, int status);

/** answer_why - Writes the text of an error. */
void answer_why(char why[RPC_WHY_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
