// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "row.h"

static int fd;

static void set(short type, long long start, long long end)
{
	range(fd, F_SETLK, type, start, end);
}

static void is(const char *held, long long start, long long end)
{
	lock_is("POSIX", held, start, end);
	held_by(getpid(), fd);
}

static void take_read(void)
{
	fd = open_file("file", O_RDONLY);
	set(F_RDLCK, 0, 9);
	is("READ", 0, 9);
}

static void take_write(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 0, 9);
	is("WRITE", 0, 9);
}

static void take_many(void)
{
	fd = open_file("file", O_RDWR);
	for (int i = 0; i < 100; i++) {
		set(i % 2 ? F_RDLCK : F_WRLCK, i * 10, i * 10 + 4);
		is(i % 2 ? "READ" : "WRITE", i * 10, i * 10 + 4);
	}
}

static void take_touching(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 0, 9);
	set(F_WRLCK, 10, 19);
	set(F_RDLCK, 20, 29);
	is("WRITE", 0, 19);
	is("READ", 20, 29);
}

static void take_split(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 0, 99);
	set(F_UNLCK, 40, 49);
	is("WRITE", 0, 39);
	is("WRITE", 50, 99);
}

static void take_eof(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 5, TO_EOF);
	is("WRITE", 5, TO_EOF);
}

static void take_largest(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, LLONG_MAX - 1, LLONG_MAX - 1);
	is("WRITE", LLONG_MAX - 1, LLONG_MAX - 1);
}

static void take_open_twice(void)
{
	fd = open_file("file", O_RDWR);
	open_file("file", O_RDONLY);
	set(F_WRLCK, 0, 9);
	is("WRITE", 0, 9);
}

/* The kernel has a list of locks on each processor. Where there is only one, all are set there. */
static void set_on(const cpu_set_t *all, int processor, long long start)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	must("sched_setaffinity", sched_setaffinity(0, sizeof(one), &one));
	set(F_WRLCK, start, start + 9);
	is("WRITE", start, start + 9);
	must("sched_setaffinity", sched_setaffinity(0, sizeof(*all), all));
}

static void take_on_processors(void)
{
	cpu_set_t all;
	int first = 0, last = CPU_SETSIZE - 1;

	must("sched_getaffinity", sched_getaffinity(0, sizeof(all), &all));
	while (!CPU_ISSET(first, &all))
		first++;
	while (!CPU_ISSET(last, &all))
		last--;
	fd = open_file("file", O_RDWR);
	set_on(&all, first, 0);
	set_on(&all, last, 20);
}

static void *set_in_thread(void *data)
{
	set(F_WRLCK, 0, 9);
	return data;
}

static void take_thread(void)
{
	pthread_t thread;

	fd = open_file("file", O_RDWR);
	must("pthread_create", -pthread_create(&thread, NULL, set_in_thread, NULL));
	pthread_join(thread, NULL);
	is("WRITE", 0, 9);
}

static void set_write(void)
{
	set(F_WRLCK, 0, 9);
}

static void take_task(void)
{
	pid_t pid;

	fd = open_file("file", O_RDWR);
	pid = clone_files(set_write);
	is("WRITE", 0, 9);
	set_by(pid);
}

static void take_exec(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 0, 9);
	must("dup2", dup2(fd, 40));
	/* Closing it would drop the lock. */
	must("execl", execl("/proc/self/exe", "matrix-row", "--after-exec", NULL));
}

void after_exec(void)
{
	fd = 40;
	is("WRITE", 0, 9);
	held_by(getpid(), 3);
}

/* A process whose id is that of one that is gone. */
static void make_again(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};

	if (!must("clone3", syscall(SYS_clone3, &args, sizeof(args)))) {
		close(fd);
		for (;;)
			pause();
	}
}

static void take_reused(void)
{
	pid_t pid;

	fd = open_file("file", O_RDWR);
	pid = clone_files(set_write);
	make_again(pid);
	is("WRITE", 0, 9);
	set_by(pid);
}

static void set_neighbour(void)
{
	set(F_WRLCK, 10, 19);
}

static void take_neighbours(void)
{
	pid_t pid;

	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 0, 9);
	pid = child(set_neighbour);
	/* Each has both locks' description; whose the locks are is another matter. */
	is("WRITE", 0, 9);
	held_by(pid, fd);
	is("WRITE", 10, 19);
	set_by(pid);
	held_by(pid, fd);
}

static void take_closed(void)
{
	fd = open_file("file", O_RDWR);
	set(F_WRLCK, 0, 9);
	/* Any descriptor of the file will do. */
	close(open_file("file", O_RDONLY));
}

const struct row posix_rows[] = {
	{ "posix: read", take_read },
	{ "posix: write", take_write },
	{ "posix: a hundred ranges", take_many },
	{ "posix: touching ranges", take_touching },
	{ "posix: split by an unlock", take_split },
	{ "posix: to the end of the file", take_eof },
	{ "posix: at the largest offset", take_largest },
	{ "posix: of a file that is open twice", take_open_twice },
	{ "posix: set on two processors", take_on_processors },
	{ "posix: set by a thread that is gone", take_thread },
	{ "posix: set by a task that shared the descriptors and is gone", take_task },
	{ "posix: whose setter's pid is another's now", take_reused },
	{ "posix: kept over execve", take_exec },
	{ "posix: of two processes, side by side", take_neighbours },
	{ "posix: dropped by closing another descriptor", take_closed },
	{ 0 },
};
