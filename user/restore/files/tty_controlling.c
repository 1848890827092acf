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
#include <termios.h>
#include <unistd.h>

#include "restore/files/child.h"
#include "restore/files/tty.h"

struct wanted {
	int terminal, flags;
};

static int open_in_session(void *data)
{
	const struct wanted *wanted = data;
	int fd;

	/* Who gives up its terminal is told so. */
	signal(SIGHUP, SIG_IGN);
	if (setsid() < 0 || ioctl(wanted->terminal, TIOCSCTTY, 0))
		return -errno;
	fd = files_result(open("/dev/tty", wanted->flags));
	if (ioctl(wanted->terminal, TIOCNOTTY))
		return -errno;
	return fd;
}

int tty_open_controlling(int terminal, uint32_t flags)
{
	struct wanted wanted = { terminal, (flags & ~O_ASYNC) | O_NOCTTY | O_CLOEXEC };

	return child_run(CLONE_FILES, open_in_session, &wanted, sizeof(wanted));
}
