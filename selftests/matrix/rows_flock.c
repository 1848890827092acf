// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fixtures/rights.h"
#include "row.h"

static int fd;

static void nothing(void)
{
}

static void lock(int operation)
{
	must("flock", flock(fd, operation));
}

static void is(const char *held)
{
	lock_is("FLOCK", held, 0, TO_EOF);
}

static void take_shared(void)
{
	fd = open_file("file", O_RDONLY);
	lock(LOCK_SH);
	is("READ");
	held_by(getpid(), fd);
}

static void take_exclusive(void)
{
	fd = open_file("file", O_RDWR);
	lock(LOCK_EX);
	is("WRITE");
	held_by(getpid(), fd);
}

static void take_upgraded(void)
{
	fd = open_file("file", O_RDWR);
	lock(LOCK_SH);
	lock(LOCK_EX);
	is("WRITE");
	held_by(getpid(), fd);
}

static void take_downgraded(void)
{
	fd = open_file("file", O_RDWR);
	lock(LOCK_EX);
	lock(LOCK_SH);
	is("READ");
	held_by(getpid(), fd);
}

static void take_duplicated(void)
{
	int copy;

	take_exclusive();
	copy = must("dup", fcntl(fd, F_DUPFD_CLOEXEC, 20));
	held_by(getpid(), copy);
}

static void take_inherited(void)
{
	pid_t pid;

	fd = open_file("file", O_RDWR);
	lock(LOCK_EX);
	pid = child(nothing);
	close(fd);
	is("WRITE");
	held_by(pid, fd);
}

static void take_three(void)
{
	pid_t first, second;

	take_exclusive();
	first = child(nothing);
	second = child(nothing);
	held_by(first, fd);
	held_by(second, fd);
}

static int pair[2];

static void receive(void)
{
	int received = must("recvmsg", rights_receive(pair[1]));

	must("dup2", dup2(received, 30));
	close(received);
	close(pair[0]);
	close(pair[1]);
}

static void take_passed(void)
{
	pid_t pid;

	must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	fd = open_file("file", O_RDWR);
	lock(LOCK_EX);
	must("fcntl", fcntl(fd, F_SETFD, FD_CLOEXEC));
	must("sendmsg", rights_send(pair[0], fd));
	close(fd);
	pid = child(receive);
	close(pair[0]);
	close(pair[1]);
	is("WRITE");
	held_by(pid, 30);
}

static void take_and_send(void)
{
	fd = open_file("file", O_RDWR);
	lock(LOCK_EX);
	must("sendmsg", rights_send(pair[0], fd));
	close(fd);
	close(pair[0]);
}

static void take_in_flight(void)
{
	must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	fd = open_file("file", O_RDWR);
	lock(LOCK_EX);
	must("sendmsg", rights_send(pair[0], fd));
	close(fd);
	is("WRITE");
	held_in_flight();
}

static void take_in_flight_alone(void)
{
	pid_t pid;

	must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = must("fork", fork());
	if (!pid) {
		take_and_send();
		_exit(0);
	}
	close(pair[0]);
	must("waitpid", waitpid(pid, NULL, 0));
	is("WRITE");
	set_by(pid);
	held_in_flight();
}

static void take_mapping(void)
{
	fd = open_file("file", O_RDWR);
	must("ftruncate", ftruncate(fd, 4096));
	lock(LOCK_EX);
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		must("mmap", -1);
	close(fd);
	is("WRITE");
	held_by_mapping(getpid());
}

static void take_reopened(void)
{
	char path[32];
	int place;

	close(open_file("file", O_RDWR));
	place = must("file", open("file", O_PATH));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = must(path, open(path, O_RDWR));
	close(place);
	lock(LOCK_EX);
	is("WRITE");
	held_by(getpid(), fd);
}

const struct row flock_rows[] = {
	{ "flock: shared", take_shared },
	{ "flock: exclusive", take_exclusive },
	{ "flock: upgraded", take_upgraded },
	{ "flock: downgraded", take_downgraded },
	{ "flock: duplicated descriptor", take_duplicated },
	{ "flock: inherited, and closed by the parent", take_inherited },
	{ "flock: description in three processes", take_three },
	{ "flock: passed through a socket", take_passed },
	{ "flock: in flight", take_in_flight },
	{ "flock: in flight, sender gone", take_in_flight_alone },
	{ "flock: held only by a mapping", take_mapping },
	{ "flock: opened anew through O_PATH", take_reopened },
	{ 0 },
};
