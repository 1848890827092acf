// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock-criu - takes command lines and messages that are meant for criu(8), and has crdump and crrestore do what they
 * ask for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "criu/check.h"
#include "criu/notify.h"
#include "criu/options.h"
#include "criu/program.h"
#include "criu/say.h"
#include "criu/swrk.h"
#include "image/status.h"
#include "procfs/standard.h"

static int check_and_say(void)
{
	int status = check();

	if (status)
		return status;
	puts("crlock-criu: a process was dumped and restored");
	return say_written();
}

static int become(const struct request *request)
{
	struct words words = { 0 };
	int status = STATUS_IN_THE_WAY;

	request_words(request, &words);
	if (words.failed)
		say("%s", strerror(ENOMEM));
	else
		status = program_become(words.at);
	words_free(&words);
	return status;
}

int main(int argc, char **argv)
{
	struct request request;
	int status;

	proc_hold_standard();
	if (notify_is_asked(argc))
		return notify();
	if (argc > 1 && !strcmp(argv[1], "swrk"))
		return argc == 3 ? swrk(argv[2]) : say_usage("swrk: FD is missing, or there is more");
	status = options_read(&request, argc, argv);
	if (status == OPTIONS_DONE)
		status = request.kind == REQUEST_CHECK ? check_and_say() : become(&request);
	request_free(&request);
	return status;
}
