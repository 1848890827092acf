// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock show - shows what a checkpoint has in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crlock/command.h"
#include "crlock/say.h"
#include "crlock/show/print.h"
#include "image/checksums.h"
#include "image/inventory.h"
#include "image/progress.h"

enum {
	OPTION_VERIFY = 256,
	OPTION_PROGRESS,
	OPTION_NO_PROGRESS,
};

static int print_help(void)
{
	printf("usage: crlock show DIR [OPTION...]\n\n"
	       "Shows what a checkpoint has in it: processes, their memory and open files, and\n"
	       "locks. It may have been written by crdump or by criu dump.\n\n"
	       "  -J, --json    JSON, with all that the images say\n"
	       "      --verify  only tell whether all images are as crdump wrote them\n"
	       "      --progress[=SECONDS], --no-progress\n"
	       "                of --verify: always, or never, say how far it is\n"
	       "  -h, --help\n\n"
	       "Exit status: 0; 1: failure, or an image that is not as it was written;\n"
	       "2: bad usage; 4: the directory or an image. See crlock-show(8).\n");
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

/* Names each image that is damaged. */
static int check_all(const struct image_checksums *list, int dir, const char *path,
		     const struct image_error *error)
{
	size_t damaged = 0;

	progress_begin("checking images", checksums_size(list, dir));
	for (size_t i = 0; i < list->nr; i++) {
		if (checksums_check(&list->entries[i], dir, path, error)) {
			say("%s", error->text);
			damaged++;
		}
	}
	progress_end();
	if (damaged)
		return STATUS_FAILURE;
	printf("%zu images are as they were written\n", list->nr);
	return say_written();
}

static int verify(const char *path)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct image_checksums list = { 0 };
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret, status;

	if (dir < 0) {
		say("%s: %s", path, strerror(errno));
		return STATUS_IMAGE;
	}
	ret = checksums_read(&list, dir, path, &error);
	if (!ret)
		ret = inventory_read(dir, path, &error)
			      ?: image_error(&error, -ENODATA, path,
					     "there are no checksums: crdump did not write it");
	if (ret < 0)
		say("%s", why);
	say_allow_progress();
	status = ret > 0	  ? check_all(&list, dir, path, &error)
		 : ret == -ENOENT ? STATUS_IMAGE
				  : STATUS_FAILURE;
	checksums_free(&list);
	close(dir);
	return status;
}

int run_show(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "verify", no_argument, NULL, OPTION_VERIFY },
		{ "progress", optional_argument, NULL, OPTION_PROGRESS },
		{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false, help = false, verified = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "Jh", long_options, NULL)) != -1) {
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		if (option == OPTION_PROGRESS && !progress_ask(optarg))
			return say_usage("--progress: %s: not a number of seconds", optarg);
		if (option == OPTION_NO_PROGRESS)
			progress_refuse();
		json |= option == 'J';
		verified |= option == OPTION_VERIFY;
		help |= option == 'h';
	}
	if (help)
		return print_help();
	if (optind == argc)
		return say_usage("no directory of a checkpoint");
	if (optind + 1 < argc)
		return say_usage("%s: one directory at a time", argv[optind + 1]);
	if (json && verified)
		return say_usage("--json and --verify do not go together");
	return verified ? verify(argv[optind]) : show(argv[optind], json);
}
