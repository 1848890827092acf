// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What only servers have of files, as selftests/kmod/delegate.c gives it to this process.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "row.h"

static void give(const char *what, int fd)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/delegate/parameters/%s", what);
	file = fopen(path, "w");
	if (!file || fprintf(file, "%d", fd) < 0 || fclose(file))
		err(1, "%s", path);
}

static void take(const char *what, const char *kind)
{
	int fd;

	close(open_file("file", O_RDWR));
	fd = open_file("file", O_RDONLY);
	give(what, fd);
	lock_is(kind, "READ", 0, TO_EOF);
	held_by(getpid(), fd);
	not_dumped();
}

static void take_delegation(void)
{
	take("delegation", "DELEG");
}

static void take_breaking(void)
{
	take_delegation();
	becomes("UNLCK");
	if (open("file", O_WRONLY | O_NONBLOCK) >= 0 || errno != EWOULDBLOCK)
		errx(1, "the delegation does not break");
}

static void take_layout(void)
{
	take("layout", "LAYOUT");
}

const struct row served_rows[] = {
	{ "served: a delegation", take_delegation },
	{ "served: a delegation that is breaking", take_breaking },
	{ "served: a layout", take_layout },
	{ 0 },
};
