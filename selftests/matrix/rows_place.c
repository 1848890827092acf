// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks of files in different places. What the directory is made of, places.py knows.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "row.h"

static void is(const char *kind, const char *held, long long start, long long end, int fd)
{
	lock_is(kind, held, start, end);
	held_by(getpid(), fd);
	named(fd);
}

static void take_flock(int fd, int operation)
{
	must("flock", flock(fd, operation));
	is("FLOCK", operation == LOCK_SH ? "READ" : "WRITE", 0, TO_EOF, fd);
}

static void take_posix(int fd, short type, long long start, long long end)
{
	range(fd, F_SETLK, type, start, end);
	is("POSIX", type == F_RDLCK ? "READ" : "WRITE", start, end, fd);
}

static void take_ofd(int fd, short type, long long start, long long end)
{
	range(fd, F_OFD_SETLK, type, start, end);
	is("OFD", type == F_RDLCK ? "READ" : "WRITE", start, end, fd);
}

static void take_lease(int fd, int type)
{
	must("F_SETLEASE", fcntl(fd, F_SETLEASE, type));
	is("LEASE", type == F_RDLCK ? "READ" : "WRITE", 0, TO_EOF, fd);
}

static void take_to_write(void)
{
	take_flock(open_file("flock", O_RDWR), LOCK_EX);
	take_posix(open_file("posix", O_RDWR), F_WRLCK, 0, 9);
	take_ofd(open_file("ofd", O_RDWR), F_WRLCK, 20, TO_EOF);
	take_lease(open_file("lease", O_RDWR), F_WRLCK);
}

static void take_to_read(void)
{
	take_flock(open_file("flock", O_RDONLY), LOCK_SH);
	take_posix(open_file("posix", O_RDONLY), F_RDLCK, 0, 9);
	take_ofd(open_file("ofd", O_RDONLY), F_RDLCK, 20, TO_EOF);
	take_lease(open_file("lease", O_RDONLY), F_RDLCK);
}

/* The second open copies it up: the two descriptions then have data of different inodes, and locks of one. */
static void take_copied_up(void)
{
	int before = open_file("flock", O_RDONLY), after;

	take_flock(before, LOCK_SH);
	take_ofd(before, F_RDLCK, 20, 29);
	after = open_file("flock", O_RDWR);
	take_flock(after, LOCK_SH);
	take_ofd(after, F_RDLCK, 25, 34);
	take_posix(after, F_WRLCK, 0, 9);
}

static void take_unlinked(void)
{
	int file = open_file("file", O_RDWR), leased = open_file("lease", O_RDWR);

	must("unlink", unlink("file"));
	must("unlink", unlink("lease"));
	take_flock(file, LOCK_EX);
	take_posix(file, F_WRLCK, 0, 9);
	take_ofd(file, F_WRLCK, 20, TO_EOF);
	take_lease(leased, F_WRLCK);
}

#define BOUND 30

static void take_bound(void)
{
	must("unshare", unshare(CLONE_NEWNS));
	must("mount", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mkdir", mkdir("there", 0700));
	must("mount", mount(".", "there", NULL, MS_BIND, NULL));
	open_file_as("there/file", O_RDWR, BOUND);
	must("flock", flock(BOUND, LOCK_SH));
	range(BOUND, F_SETLK, F_WRLCK, 10, 19);
}

static void bound_is(const char *kind, const char *held, long long start, long long end, pid_t pid)
{
	lock_is(kind, held, start, end);
	set_by(pid);
	held_by(pid, BOUND);
	not_of_tree();
}

static void take_bind_mount(void)
{
	pid_t pid = outsider(take_bound);
	int fd = open_file("file", O_RDWR);

	take_flock(fd, LOCK_SH);
	take_posix(fd, F_WRLCK, 0, 9);
	bound_is("FLOCK", "READ", 0, TO_EOF, pid);
	bound_is("POSIX", "WRITE", 10, 19, pid);
}

/* The kernel counts no writer for what memfd_create(2) has opened: it can be leased only to read. */
static void take_memfd(void)
{
	int fd = must("memfd_create", memfd_create("locked", 0));
	int leased = must("memfd_create", memfd_create("leased", 0));

	take_flock(fd, LOCK_EX);
	take_posix(fd, F_WRLCK, 0, 9);
	take_ofd(fd, F_WRLCK, 20, TO_EOF);
	take_lease(leased, F_RDLCK);
}

/* There are no leases on it. */
static void take_nfs(void)
{
	take_flock(open_file("flock", O_RDWR), LOCK_EX);
	take_posix(open_file("posix", O_RDWR), F_WRLCK, 0, 9);
	take_ofd(open_file("ofd", O_RDWR), F_WRLCK, 20, TO_EOF);
}

/* The server's lock is lockd's, which is no process with descriptors. */
static void take_with_server(void)
{
	take_posix(open_file("posix", O_RDWR), F_WRLCK, 0, 9);
	lockd_has(open_file(SERVED, O_RDWR));
}

const struct row place_rows[] = {
	{ "place: tmpfs", take_to_write },
	{ "place: ext4", take_to_write },
	{ "place: xfs", take_to_write },
	{ "place: btrfs", take_to_write },
	{ "place: overlayfs, lower", take_to_read },
	{ "place: overlayfs, upper", take_to_write },
	{ "place: overlayfs, copied up while locked", take_copied_up },
	{ "place: an unlinked file", take_unlinked },
	{ "place: a bind mount in another mount namespace", take_bind_mount },
	{ "place: memfd", take_memfd },
	{ "place: NFS", take_nfs },
	{ "place: NFS, with the server's locks", take_with_server },
	{ 0 },
};
