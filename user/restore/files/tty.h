/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminals: between the files that make them.
 */
#ifndef RESTORE_FILES_TTY_H
#define RESTORE_FILES_TTY_H

#include "restore/files/room.h"
#include "tty-info.pb-c.h"

/* What was told of an end of a terminal. */
struct tty_info {
	Image__TtyInfoEntry *entry;
	struct restored_file *file; /* one that is open as it, NULL: none */
	ProtobufCBinaryData data; /* what waits to be read from it */
};

/* What tty_set_modes() may change, but for the size. */
struct tty_modes;

/* A pair of ends. */
struct pty {
	uint32_t index;
	struct tty_info *master, *slave; /* NULL: not told of */
	int fd; /* of the master, until a file has it; -1: none */
	struct tty_modes *before; /* owned; as it was, if it is this program's own; NULL: it is as it was */
};

struct terminals {
	struct tty_info *infos; /* by id */
	size_t nr;
	struct pty *ptys; /* by index */
	size_t nr_ptys;
};

/** tty_is_master - Whether an end is the one that a terminal emulator has. */
bool tty_is_master(const struct tty_info *info);

/** tty_pty_of - The pair that an end is of, NULL: none. */
struct pty *tty_pty_of(const struct restore_files *files, const struct tty_info *info);

/** tty_info_is_sound - Whether the record is as a dump writes it. */
bool tty_info_is_sound(const Image__TtyInfoEntry *entry);

/** tty_set_modes - Sets termios and what goes with them, and the size of the window if wanted. Returns: 0 or -errno. */
int tty_set_modes(int fd, const Image__TtyInfoEntry *entry, bool size);

/** tty_get_modes - Reads what it is set to. @out: to be freed. Returns: 0 or -errno. */
int tty_get_modes(int fd, struct tty_modes **out);

/** tty_put_modes - Sets it to that again, as far as it can be. */
void tty_put_modes(int fd, const struct tty_modes *modes);

/**
 * tty_fill - Puts data in the queue of an end as they are; the modes are others after that.
 * @to: an end, @from: the other
 *
 * Returns: 0 or -errno.
 */
int tty_fill(const struct tty_info *to, int to_fd, int from_fd);

/** tty_name_user - Names a process that has a terminal open, as " by PID(COMM)"; or nothing is found. */
void tty_name_user(uint32_t index, char *text, size_t size);

/**
 * tty_open_controlling - Opens /dev/tty as it is for a session that has a controlling terminal.
 * @terminal: a descriptor of the terminal
 *
 * Returns: a descriptor or -errno.
 */
int tty_open_controlling(int terminal, uint32_t flags);

#endif
