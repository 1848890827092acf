// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock-criu - takes command lines and messages that are meant for criu(8), and has crdump and crrestore do what they
 * ask for.
 */
#include <stdio.h>
#include <string.h>

#include "criu/check.h"
#include "criu/notify.h"
#include "criu/options.h"
#include "criu/program.h"
#include "criu/swrk.h"
#include "image/say.h"
#include "image/status.h"
#include "procfs/standard.h"

static int check_and_say(const struct request *request)
{
	int status = check(request);

	if (status)
		return status;
	puts("crlock-criu: a process was dumped and restored");
	return say_written();
}

int main(int argc, char **argv)
{
	struct request request;
	int status;

	proc_hold_standard();
	say_as("crlock-criu");
	if (notify_is_asked(argc))
		return notify();
	if (argc > 1 && !strcmp(argv[1], "swrk"))
		return argc == 3 ? swrk(argv[2]) : say_usage("swrk: FD is missing, or there is more");
	status = options_read(&request, argc, argv);
	if (status == OPTIONS_DONE)
		status = request.kind == REQUEST_CHECK ? check_and_say(&request)
						       : request_pass(&request, program_become);
	request_free(&request);
	return status;
}
