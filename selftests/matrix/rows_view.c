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

static int fd, inner;

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
	inner = open_file("inner", O_RDWR);
	range(inner, F_SETLK, F_WRLCK, 0, 9);
}

/* Both have the one description, this one alone the other. */
static void take_from_inside(void)
{
	int outer = open_file("file", O_RDWR);

	must("flock", flock(outer, LOCK_EX));
	see_from(lock_inside);
	lock_is("FLOCK", "WRITE", 0, TO_EOF);
	set_by(0);
	held_by(0, outer);
	held_by(1, outer);
	lock_is("POSIX", "WRITE", 0, 9);
	set_by(1);
	held_by(1, 4);
}

static void take_outside(void)
{
	see_from(enter);
	fd = open_file("file", O_RDWR);
	must("flock", flock(fd, LOCK_EX));
	range(fd, F_SETLK, F_WRLCK, 0, 9);
	range(fd, F_OFD_SETLK, F_WRLCK, 20, 29);
	lock_is("FLOCK", "WRITE", 0, TO_EOF);
	set_by(0);
	held_by(0, fd);
	lock_is("POSIX", "WRITE", 0, 9);
	set_by(0);
	held_by(0, fd);
	lock_is("OFD", "WRITE", 20, 29);
	set_by(0);
	held_by(0, fd);
}

static void take_one(void)
{
	fd = open_file("file", O_RDWR);
	must("flock", flock(fd, LOCK_EX));
	lock_is("FLOCK", "WRITE", 0, TO_EOF);
	held_by(getpid(), fd);
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
	int served;

	fd = open_file("posix", O_RDWR);
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
	{ "view: from a user namespace", take_for_user_namespace },
	{ "view: of a user without capabilities", take_for_anybody },
	{ "view: of a lock that only lockd has", take_of_lockd },
	{ 0 },
};
