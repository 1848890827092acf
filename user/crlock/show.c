// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock show - shows what a checkpoint has in it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "crlock/command.h"
#include "crlock/say.h"
#include "crlock/show/print.h"

static int print_help(void)
{
	printf("usage: crlock show DIR [OPTION...]\n\n"
	       "Shows what a checkpoint has in it: processes, their memory and open files, and locks.\n"
	       "It may have been written by crdump or by criu dump.\n\n"
	       "  -J, --json  JSON, with all that the images say\n"
	       "  -h, --help\n\n"
	       "Exit status: 0; 1: failure; 2: bad usage; 4: the directory or an image. See crlock-show(1).\n");
	return say_written();
}

static int show(const char *path, bool json)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct contents contents;
	int err = contents_read(&contents, path, &error), status;

	if (!err)
		err = json ? print_json(&contents, &error) : print_text(&contents);
	status = say_written();
	if (*why)
		say("%s", why);
	else if (err == -ENOMEM)
		say("%s", strerror(ENOMEM));
	contents_free(&contents);
	if (!err)
		return status;
	return *why && err != -ENOMEM ? STATUS_IMAGE : STATUS_FAILURE;
}

int run_show(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false, help = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "Jh", long_options, NULL)) != -1) {
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		json |= option == 'J';
		help |= option == 'h';
	}
	if (help)
		return print_help();
	if (optind == argc)
		return say_usage("no directory");
	if (optind + 1 < argc)
		return say_usage("%s: one directory at a time", argv[optind + 1]);
	return show(argv[optind], json);
}
