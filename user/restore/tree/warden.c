// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/tree/warden.h"

static struct {
	pid_t pid; /* 0: there is none */
	int parent; /* a pidfd */
	atomic_bool over;
	void (*undo)(void *data);
	void *data;
	char stack[256 * 1024] __attribute__((aligned(16)));
} warden = { .parent = -1 };

/*
 * It shares errno with who waits for it, and so makes system calls that do not fail. A session of its own keeps it
 * from what is sent to a whole group.
 */
static int watch(void *unused)
{
	struct pollfd end = { .fd = warden.parent, .events = POLLIN };

	(void)unused;
	syscall(SYS_setsid);
	while (syscall(SYS_ppoll, &end, 1, NULL, NULL, 0) != 1)
		;
	if (!atomic_load(&warden.over))
		warden.undo(warden.data);
	syscall(SYS_exit, 0);
	return 0;
}

/* Returns: 0 or a negative errno value; then it ends with its parent, and is not to be waited for. */
static int end(void)
{
	if (kill(warden.pid, SIGKILL))
		return -errno;
	while (waitpid(warden.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	warden.pid = 0;
	return 0;
}

/* Signals are for who made it. */
static int make(void)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	warden.pid =
		clone(watch, warden.stack + sizeof(warden.stack), CLONE_VM | CLONE_FILES | CLONE_FS, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (warden.pid > 0)
		return 0;
	warden.pid = 0;
	return -errno;
}

int warden_start(bool (*is_wanted)(pid_t pid, void *data), size_t nr_wanted, void (*undo)(void *data),
		 void *data)
{
	size_t tries = 0;
	int ret = 0;

	warden.undo = undo;
	warden.data = data;
	atomic_store(&warden.over, false);
	warden.parent = pidfd_open(getpid(), 0);
	if (warden.parent < 0)
		return -errno;
	/* The next pid is another one, and that of the tree's are many at most. */
	do {
		ret = warden.pid ? end() : 0;
		if (!ret && tries++ > nr_wanted)
			ret = -EAGAIN;
		ret = ret ? ret : make();
	} while (!ret && is_wanted(warden.pid, data));
	return ret;
}

void warden_end(void)
{
	atomic_store(&warden.over, true);
	if (warden.pid)
		end();
	if (warden.parent >= 0)
		close(warden.parent);
	warden.parent = -1;
}
