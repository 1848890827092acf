// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks as somebody else sees them: what is true is so for that reader.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include "row.h"

#define INNER 30

static void enter(void)
{
	must("unshare", unshare(CLONE_NEWNS));
	must("mount", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount("proc", "/proc", "proc", 0, NULL));
}

/* The first process of a pid namespace, from where is read. */
static void see_from(void (*act)(void))
{
	pid_t pid;

	must("unshare", unshare(CLONE_NEWPID));
	pid = child(act);
	seen_by("nsenter -t %d -p -m", pid);
}

static void lock_inside(void)
{
	enter();
	open_file_as("inner", O_RDWR, INNER);
	range(INNER, F_SETLK, F_WRLCK, 0, 9);
}

/* The reader has no number for who is outside, and so 0. */
static void outside_is(const char *kind, long long start, long long end, int fd)
{
	lock_is(kind, "WRITE", start, end);
	set_by(0);
	held_by(0, fd);
}

/* Both have the one description, the one inside alone the other. */
static void take_from_inside(void)
{
	int fd = open_file("file", O_RDWR);

	must("flock", flock(fd, LOCK_EX));
	see_from(lock_inside);
	outside_is("FLOCK", 0, TO_EOF, fd);
	held_by(1, fd);
	lock_is("POSIX", "WRITE", 0, 9);
	set_by(1);
	held_by(1, INNER);
}

static void take_outside(void)
{
	int fd;

	see_from(enter);
	fd = open_file("file", O_RDWR);
	must("flock", flock(fd, LOCK_EX));
	range(fd, F_SETLK, F_WRLCK, 0, 9);
	range(fd, F_OFD_SETLK, F_WRLCK, 20, 29);
	outside_is("FLOCK", 0, TO_EOF, fd);
	outside_is("POSIX", 0, 9, fd);
	outside_is("OFD", 20, 29, fd);
}

static void take_one(void)
{
	int fd = open_file("file", O_RDWR);

	must("flock", flock(fd, LOCK_EX));
	lock_is("FLOCK", "WRITE", 0, TO_EOF);
	held_by(getpid(), fd);
}

/* Numbers are those of the pid namespace that /proc is of, whoever reads it. */
static void take_for_stranger(void)
{
	int fd = open_file("file", O_RDWR);

	take_one();
	range(fd, F_SETLK, F_WRLCK, 0, 9);
	lock_is("POSIX", "WRITE", 0, 9);
	held_by(getpid(), fd);
	read_by("unshare -pf");
}

static void take_for_user_namespace(void)
{
	take_one();
	seen_by("unshare -r");
}

static void take_for_anybody(void)
{
	take_one();
	seen_by("setpriv --reuid=65534 --regid=65534 --clear-groups");
}

static void take_of_lockd(void)
{
	int fd = open_file("posix", O_RDWR), served;

	range(fd, F_SETLK, F_WRLCK, 0, 9);
	lock_is("POSIX", "WRITE", 0, 9);
	held_by(getpid(), fd);
	served = open_file(SERVED, O_RDWR);
	lockd_has(served);
	close(served);
	about(SERVED);
	not_dumped();
}

const struct row view_rows[] = {
	{ "view: from a child pid namespace", take_from_inside },
	{ "view: from a child pid namespace, of holders outside", take_outside },
	{ "view: of who is in another pid namespace than /proc", take_for_stranger },
	{ "view: from a user namespace", take_for_user_namespace },
	{ "view: of a user without capabilities", take_for_anybody },
	{ "view: of a lock that only lockd has", take_of_lockd },
	{ 0 },
};
