// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include "row.h"

static void nothing(void)
{
}

static int take(const char *held, short type, long long start, long long end)
{
	int fd = open_file("file", O_RDWR);

	range(fd, F_OFD_SETLK, type, start, end);
	lock_is("OFD", held, start, end);
	held_by(getpid(), fd);
	return fd;
}

static void take_two(void)
{
	take("READ", F_RDLCK, 0, 9);
	take("READ", F_RDLCK, 5, 14);
}

static void take_shared(void)
{
	int fd = take("WRITE", F_WRLCK, 0, TO_EOF);

	held_by(child(nothing), fd);
}

static void take_converted(void)
{
	int fd = open_file("file", O_RDWR);

	range(fd, F_OFD_SETLK, F_WRLCK, 0, 99);
	range(fd, F_OFD_SETLK, F_RDLCK, 20, 29);
	lock_is("OFD", "WRITE", 0, 19);
	held_by(getpid(), fd);
	lock_is("OFD", "READ", 20, 29);
	held_by(getpid(), fd);
	lock_is("OFD", "WRITE", 30, 99);
	held_by(getpid(), fd);
}

const struct row ofd_rows[] = {
	{ "ofd: two descriptions of one process, ranges that overlap", take_two },
	{ "ofd: description shared by fork", take_shared },
	{ "ofd: converted in the middle", take_converted },
	{ 0 },
};
