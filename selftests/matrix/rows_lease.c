// SPDX-License-Identifier: GPL-2.0-or-later
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "row.h"

static void lease(int fd, int type)
{
	must("F_SETLEASE", fcntl(fd, F_SETLEASE, type));
}

/* Leases want the file to be there, and nobody to write to it. */
static int open_lease(int flags)
{
	close(open_file("file", O_RDWR));
	return open_file("file", flags);
}

static void is(const char *held, int fd)
{
	lock_is("LEASE", held, 0, TO_EOF);
	held_by(getpid(), fd);
}

static int take(const char *held, int flags, int type)
{
	int fd = open_lease(flags);

	lease(fd, type);
	is(held, fd);
	return fd;
}

static void break_by(int flags)
{
	if (open("file", flags | O_NONBLOCK) >= 0 || errno != EWOULDBLOCK)
		errx(1, "the lease does not break");
}

static void take_read(void)
{
	take("READ", O_RDONLY, F_RDLCK);
}

static void take_write(void)
{
	take("WRITE", O_RDWR, F_WRLCK);
}

static void take_to_read(void)
{
	take_write();
	becomes("READ");
	break_by(O_RDONLY);
}

static void take_to_nothing(void)
{
	take_write();
	becomes("UNLCK");
	break_by(O_WRONLY);
}

static void take_read_to_nothing(void)
{
	take_read();
	becomes("UNLCK");
	break_by(O_WRONLY);
}

static void take_both(void)
{
	take_write();
	becomes("READ,UNLCK");
	break_by(O_RDONLY);
	break_by(O_WRONLY);
}

static void take_readers(void)
{
	int first = open_lease(O_RDONLY), second = open_file("file", O_RDONLY);

	lease(first, F_RDLCK);
	lease(second, F_RDLCK);
	is("READ", first);
	becomes("UNLCK");
	is("READ", second);
	becomes("UNLCK");
	break_by(O_WRONLY);
}

static void take_write_of_reader(void)
{
	take("WRITE", O_RDONLY, F_WRLCK);
}

static void nothing(void)
{
}

static void take_notice(void)
{
	pid_t pid = child(nothing);
	int fd = take("WRITE", O_RDWR, F_WRLCK);

	must("F_SETSIG", fcntl(fd, F_SETSIG, SIGUSR1));
	must("F_SETOWN", fcntl(fd, F_SETOWN, pid));
}

/* Of all of the inode's lists fdinfo has lines, one after the other. */
static void take_all_kinds(void)
{
	int fd = take("READ", O_RDONLY, F_RDLCK);

	must("flock", flock(fd, LOCK_SH));
	lock_is("FLOCK", "READ", 0, TO_EOF);
	held_by(getpid(), fd);
	range(fd, F_SETLK, F_RDLCK, 0, 9);
	lock_is("POSIX", "READ", 0, 9);
	held_by(getpid(), fd);
	range(fd, F_OFD_SETLK, F_RDLCK, 20, 29);
	lock_is("OFD", "READ", 20, 29);
	held_by(getpid(), fd);
}

static void set_break_time(int seconds)
{
	FILE *file = fopen("/proc/sys/fs/lease-break-time", "w");

	if (!file || fprintf(file, "%d\n", seconds) < 0 || fclose(file))
		err(1, "lease-break-time");
}

static void take_without_deadline(void)
{
	set_break_time(0);
	take_to_nothing();
	set_break_time(45);
}

static void take_expired(void)
{
	set_break_time(1);
	take_to_nothing();
	set_break_time(45);
	/* Nobody looks at the lease until then, and so it stays. */
	sleep(2);
}

static void open_and_wait(void)
{
	must("file", open("file", O_WRONLY));
}

static void take_breaker(void)
{
	int fd = take("WRITE", O_RDWR, F_WRLCK);
	pid_t pid = waiting_child(open_and_wait);

	becomes("UNLCK");
	held_by(pid, fd);
	waited_for(pid, "WRITE");
}

static void take_unlinked(void)
{
	take_write();
	must("unlink", unlink("file"));
}

static void take_unlinked_read(void)
{
	take_read();
	must("unlink", unlink("file"));
}

const struct row lease_rows[] = {
	{ "lease: read", take_read },
	{ "lease: write", take_write },
	{ "lease: of a writer, breaking to read", take_to_read },
	{ "lease: of a writer, breaking to nothing", take_to_nothing },
	{ "lease: of a reader, breaking to nothing", take_read_to_nothing },
	{ "lease: breaking to read, then to nothing", take_both },
	{ "lease: of two readers, breaking together", take_readers },
	{ "lease: write, of a description opened to read", take_write_of_reader },
	{ "lease: of a description with locks of all kinds", take_all_kinds },
	{ "lease: whose notice goes to another process", take_notice },
	{ "lease: whose deadline is over", take_expired },
	{ "lease: breaking without a deadline", take_without_deadline },
	{ "lease: whose breaker waits in open", take_breaker },
	{ "lease: write, of an unlinked file", take_unlinked },
	{ "lease: read, of an unlinked file", take_unlinked_read },
	{ 0 },
};
