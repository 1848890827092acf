// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be set of a terminal, and what waits in it.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "restore/files/tty.h"

/* A queue takes one less than this at once; more would wait behind it. */
#define QUEUE_MAX 4096

/* Control characters are packed into the first words of a list that has as many words as they are. */
static bool are_termios(const Image__TermiosEntry *entry)
{
	return !entry || entry->n_c_cc * sizeof(*entry->c_cc) >= NCCS;
}

bool tty_info_is_sound(const Image__TtyInfoEntry *entry)
{
	/* NR_UNIX98_PTY_MAX of the kernel. */
	if (entry->type == IMAGE__TTY_TYPE__PTY && (!entry->pty || entry->pty->index >= 1U << 20))
		return false;
	if (!are_termios(entry->termios) || !are_termios(entry->termios_locked) ||
	    (entry->termios && entry->termios->c_line > UINT8_MAX))
		return false;
	return !entry->winsize ||
	       (entry->winsize->ws_row <= UINT16_MAX && entry->winsize->ws_col <= UINT16_MAX &&
		entry->winsize->ws_xpixel <= UINT16_MAX && entry->winsize->ws_ypixel <= UINT16_MAX);
}

static struct termios make_termios(const Image__TermiosEntry *entry)
{
	struct termios termios = {
		.c_iflag = entry->c_iflag,
		.c_oflag = entry->c_oflag,
		.c_cflag = entry->c_cflag,
		.c_lflag = entry->c_lflag,
		.c_line = entry->c_line,
	};

	memcpy(termios.c_cc, entry->c_cc, sizeof(termios.c_cc));
	return termios;
}

static int set_locked(int fd, const Image__TermiosEntry *entry)
{
	struct termios termios;

	/* Nothing is locked: then the rest may be anything. */
	if (!entry || !(entry->c_iflag | entry->c_oflag | entry->c_cflag | entry->c_lflag))
		return 0;
	termios = make_termios(entry);
	return ioctl(fd, TIOCSLCKTRMIOS, &termios) ? -errno : 0;
}

static int set_line(int fd, const Image__TermiosEntry *entry)
{
	int line = entry->c_line, now;

	if (ioctl(fd, TIOCGETD, &now) || now == line)
		return 0;
	return ioctl(fd, TIOCSETD, &line) ? -errno : 0;
}

static int set_size(int fd, const Image__WinsizeEntry *entry)
{
	struct winsize size = {
		.ws_row = entry->ws_row,
		.ws_col = entry->ws_col,
		.ws_xpixel = entry->ws_xpixel,
		.ws_ypixel = entry->ws_ypixel,
	};

	return ioctl(fd, TIOCSWINSZ, &size) ? -errno : 0;
}

int tty_set_modes(int fd, const Image__TtyInfoEntry *entry, bool size)
{
	struct termios termios;
	int ret = 0;

	if (entry->termios) {
		termios = make_termios(entry->termios);
		ret = set_line(fd, entry->termios);
		if (!ret && ioctl(fd, TCSETS, &termios))
			ret = -errno;
		ret = ret ?: set_locked(fd, entry->termios_locked);
	}
	if (!ret && size && entry->winsize)
		ret = set_size(fd, entry->winsize);
	return ret;
}

struct tty_modes {
	struct termios termios, locked;
	int line;
};

int tty_get_modes(int fd, struct tty_modes **out)
{
	struct tty_modes *modes = malloc(sizeof(*modes));
	int ret = 0;

	if (!modes || ioctl(fd, TCGETS, &modes->termios) || ioctl(fd, TIOCGLCKTRMIOS, &modes->locked) ||
	    ioctl(fd, TIOCGETD, &modes->line)) {
		ret = -errno;
		free(modes);
		modes = NULL;
	}
	*out = modes;
	return ret;
}

/* What is locked cannot be set. */
void tty_put_modes(int fd, const struct tty_modes *modes)
{
	int line;

	ioctl(fd, TIOCSLCKTRMIOS, &modes->locked);
	if (!ioctl(fd, TIOCGETD, &line) && line != modes->line)
		ioctl(fd, TIOCSETD, &modes->line);
	ioctl(fd, TCSETS, &modes->termios);
}

/* Nothing is changed on the way. Lines stay lines if the last is a whole one. */
static int set_transparent(int fd, bool lines)
{
	struct termios termios;

	if (ioctl(fd, TCGETS, &termios))
		return -errno;
	termios.c_iflag = termios.c_oflag = 0;
	termios.c_lflag = lines ? ICANON : 0;
	memset(termios.c_cc, 0, sizeof(termios.c_cc));
	termios.c_cc[VMIN] = !lines;
	return ioctl(fd, TCSETS, &termios) ? -errno : 0;
}

/* What was written comes a moment later. */
static int await(int fd, int wanted)
{
	const struct timespec moment = { 0, 1000000 };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int there = 0;

	for (int i = 0; i < 1000; i++) {
		poll(&poll_fd, 1, 0);
		if (ioctl(fd, FIONREAD, &there))
			return -errno;
		if (there >= wanted)
			return 0;
		nanosleep(&moment, NULL);
	}
	return -EIO;
}

int tty_fill(const struct tty_info *to, int to_fd, int from_fd)
{
	const ProtobufCBinaryData *data = &to->data;
	bool lines = !tty_is_master(to) && to->entry->termios && to->entry->termios->c_lflag & ICANON &&
		     data->len && data->data[data->len - 1] == '\n';
	int ret;

	if (!data->len)
		return 0;
	if (data->len >= QUEUE_MAX)
		return -EMSGSIZE;
	ret = set_transparent(to_fd, lines);
	if (!ret && write(from_fd, data->data, data->len) != (ssize_t)data->len)
		ret = errno ? -errno : -EIO;
	return ret ?: await(to_fd, data->len);
}
