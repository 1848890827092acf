// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "row.h"

static int fd;

static void wait_flock(void)
{
	must("flock", flock(open_file("file", O_RDWR), LOCK_EX));
}

static void wait_shared(void)
{
	must("flock", flock(open_file("file", O_RDWR), LOCK_SH));
}

static void take_flock(void)
{
	fd = open_file("file", O_RDWR | O_CLOEXEC);
	must("flock", flock(fd, LOCK_EX));
	lock_is("FLOCK", "WRITE", 0, TO_EOF);
	held_by(getpid(), fd);
}

/* What forks inherits the description: it opens the file anew, and has the holder's descriptor too. */
static void one(const char *type, void (*act)(void))
{
	pid_t pid = waiting_child(act);

	held_by(pid, fd);
	waited_for(pid, type);
}

static void take_waiting_flock(void)
{
	take_flock();
	one("WRITE", wait_flock);
}

static void take_two_levels(void)
{
	take_flock();
	one("WRITE", wait_flock);
	one("WRITE", wait_flock);
}

/* The writer waits for the first reader, which the second one is not in the way of: it waits for the lock. */
static void take_up_again(void)
{
	take_flock();
	one("READ", wait_shared);
	one("WRITE", wait_flock);
	one("READ", wait_shared);
}

static void wait_range(void)
{
	range(fd, F_SETLKW, F_WRLCK, 5, 5);
}

static void take_waiting_range(void)
{
	fd = open_file("file", O_RDWR);
	range(fd, F_SETLK, F_WRLCK, 0, 9);
	lock_is("POSIX", "WRITE", 0, 9);
	held_by(getpid(), fd);
	one("WRITE", wait_range);
}

static void wait_ofd(void)
{
	range(open_file("file", O_RDWR), F_OFD_SETLKW, F_WRLCK, 0, TO_EOF);
}

static void take_waiting_ofd(void)
{
	fd = open_file("file", O_RDWR);
	range(fd, F_OFD_SETLK, F_WRLCK, 0, 9);
	lock_is("OFD", "WRITE", 0, 9);
	held_by(getpid(), fd);
	one("WRITE", wait_ofd);
}

const struct row waiter_rows[] = {
	{ "waiter: of a flock", take_waiting_flock },
	{ "waiter: two levels", take_two_levels },
	{ "waiter: two levels, and one of the first again", take_up_again },
	{ "waiter: of a range", take_waiting_range },
	{ "waiter: of an OFD lock", take_waiting_ofd },
	{ 0 },
};
