// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/tty is, for each session, its controlling terminal, and this program is in another. A process that ends at
 * once leads a session of its own, takes the terminal, opens /dev/tty in the table that it has in common with this
 * one, and gives the terminal up again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "restore/files/tty.h"

static int open_in_session(int terminal, int flags)
{
	int fd;

	/* Who gives up its terminal is told so. */
	signal(SIGHUP, SIG_IGN);
	if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0))
		return -errno;
	fd = files_result(open("/dev/tty", flags));
	if (ioctl(terminal, TIOCNOTTY))
		return -errno;
	return fd;
}

int tty_open_controlling(int terminal, uint32_t flags)
{
	int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd;
	pid_t pid;

	if (result == MAP_FAILED)
		return -errno;
	*result = -ECHILD;
	pid = syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, 0);
	if (!pid) {
		*result = open_in_session(terminal, (flags & ~O_ASYNC) | O_NOCTTY | O_CLOEXEC);
		_exit(0);
	}
	if (pid < 0)
		*result = -errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	fd = *result;
	munmap(result, sizeof(*result));
	return fd;
}
