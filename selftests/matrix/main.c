// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *   matrix-row NAME   takes the locks of a row, writes what is true of them to the file "truth", and stays
 *   matrix-row        names all rows
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "row.h"

static const struct row *const groups[] = {
	flock_rows, posix_rows, ofd_rows, lease_rows, waiter_rows, place_rows, view_rows, served_rows,
};

#define NR_GROUPS (sizeof(groups) / sizeof(*groups))

long must(const char *what, long result)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

int open_file(const char *name, int flags)
{
	return must(name, open(name, flags | O_CREAT, 0600));
}

void open_file_as(const char *name, int flags, int fd)
{
	int opened = open_file(name, flags);

	must("dup2", dup2(opened, fd));
	/* Later it would drop locks. */
	close(opened);
}

void range(int fd, int command, short type, long long start, long long end)
{
	struct flock lock = { .l_type = type,
			      .l_start = start,
			      .l_len = end == TO_EOF ? 0 : end - start + 1 };

	must("fcntl", fcntl(fd, command, &lock));
}

void lockd_has(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 10 };

	/* Who else has it, F_GETLK tells. */
	must("F_GETLK", fcntl(fd, F_GETLK, &lock));
	lock_is("POSIX", "WRITE", 0, 9);
	set_by(lock.l_pid);
	not_of_tree();
}

static void stay(void)
{
	for (;;)
		pause();
}

pid_t child(void (*act)(void))
{
	int pair[2];
	char byte;
	pid_t pid;

	must("pipe", pipe(pair));
	pid = must("fork", fork());
	if (!pid) {
		close(pair[0]);
		act();
		must("pipe", write(pair[1], "", 1));
		close(pair[1]);
		stay();
	}
	close(pair[1]);
	if (read(pair[0], &byte, 1) != 1)
		errx(1, "a child failed");
	close(pair[0]);
	return pid;
}

/* Whether it sleeps in a call that waits for locks or leases. */
static bool waits(pid_t pid)
{
	char path[32], text[16] = "";
	FILE *file;
	int number;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	number = atoi(text);
	return number == 72 /* fcntl */ || number == 73 /* flock */ || number == 257 /* openat */;
}

pid_t waiting_child(void (*act)(void))
{
	pid_t pid = must("fork", fork());

	if (!pid) {
		act();
		stay();
	}
	while (!waits(pid))
		must("a child", kill(pid, 0));
	return pid;
}

/* Whose parent is gone is of no tree; nothing that leads into this one may be left to it. */
pid_t outsider(void (*act)(void))
{
	int pair[2];
	pid_t pid;

	must("pipe", pipe2(pair, O_CLOEXEC));
	if (!must("fork", fork())) {
		must("setsid", setsid());
		must("dup2", dup2(STDOUT_FILENO, STDERR_FILENO));
		pid = child(act);
		must("pipe", write(pair[1], &pid, sizeof(pid)));
		_exit(0);
	}
	close(pair[1]);
	if (read(pair[0], &pid, sizeof(pid)) != sizeof(pid))
		errx(1, "an outsider failed");
	close(pair[0]);
	must("wait", wait(NULL));
	ends_too(pid);
	return pid;
}

static int run(void *act)
{
	((void (*)(void))act)();
	return 0;
}

pid_t clone_files(void (*act)(void))
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = must("clone", clone(run, stack + sizeof(stack), CLONE_FILES | SIGCHLD, (void *)act));
	int status;

	must("waitpid", waitpid(pid, &status, 0));
	if (status)
		errx(1, "a task failed");
	return pid;
}

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < NR_GROUPS; i++) {
		for (const struct row *row = groups[i]; row->name; row++) {
			if (!strcmp(row->name, name))
				return row;
		}
	}
	errx(2, "%s: no such row", name);
}

static void name_all(void)
{
	for (size_t i = 0; i < NR_GROUPS; i++) {
		for (const struct row *row = groups[i]; row->name; row++)
			puts(row->name);
	}
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		name_all();
		return 0;
	}
	/* Notices of lease breaks are not what is looked at. */
	signal(SIGIO, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	if (!strcmp(argv[1], "--after-exec"))
		after_exec();
	else
		find(argv[1])->take();
	tell_truth();
	stay();
	return 0;
}
