// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pseudo-terminals, and /dev/tty. What is known of a terminal is written once for each end, whoever has it open.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dump/files/external.h"
#include "dump/files/kinds.h"
#include "dump/files/place.h"
#include "dump/files/source.h"
#include "procfs/process.h"
#include "tty-info.pb-c.h"

#ifndef TIOCGPTLCK
#define TIOCGPTLCK _IOR('T', 0x39, int)
#endif
#ifndef TIOCGPKT
#define TIOCGPKT _IOR('T', 0x38, int)
#endif
#ifndef TIOCGEXCL
#define TIOCGEXCL _IOR('T', 0x40, int)
#endif

#define SLAVE_MAJOR	  136
#define SLAVE_MAJORS	  8
#define OTHER_MAJOR	  5
#define CONTROLLING_MINOR 0
#define MASTER_MINOR	  2

/* As CRIU numbers terminals: an index, and whether it is the master; /dev/tty has an index of its own. */
#define CONTROLLING_INDEX 1006
#define INDEX_MAX	  1000

enum end {
	END_SLAVE,
	END_MASTER,
	END_CONTROLLING,
};

struct tty_file {
	enum end end;
	int index;
	struct tty *tty; /* one for each number */
	struct place place;
	uint32_t place_id; /* the entry of its path */
};

/* One end of a terminal. */
struct tty {
	struct inode inode; /* dev: 0, ino: the number */
	uint32_t id;
	const struct dump_file *file;
	struct statx stat;
	struct termios termios, locked;
	struct winsize size;
	bool is_locked, exclusive, packets;
	uint32_t sid, pgrp;
	bool written;
};

bool tty_is_known(uint64_t rdev)
{
	if (major(rdev) >= SLAVE_MAJOR && major(rdev) < SLAVE_MAJOR + SLAVE_MAJORS)
		return true;
	return major(rdev) == OTHER_MAJOR &&
	       (minor(rdev) == CONTROLLING_MINOR || minor(rdev) == MASTER_MINOR);
}

static enum end end_of(uint64_t rdev)
{
	if (major(rdev) != OTHER_MAJOR)
		return END_SLAVE;
	return minor(rdev) == MASTER_MINOR ? END_MASTER : END_CONTROLLING;
}

static uint32_t number_of(enum end end, int index)
{
	return end == END_CONTROLLING ? CONTROLLING_INDEX << 1 : index << 1 | (end == END_MASTER);
}

/* Looking ------------------------------------------------------------------------------------------ */

static int read_flag(int fd, unsigned long request, bool *flag)
{
	int value = 0;

	if (ioctl(fd, request, &value))
		return -errno;
	*flag = value != 0;
	return 0;
}

static int read_settings(struct tty *tty, int fd, enum end end)
{
	int ret = read_flag(fd, TIOCGEXCL, &tty->exclusive);

	if (!ret && end == END_MASTER)
		ret = read_flag(fd, TIOCGPTLCK, &tty->is_locked) ?: read_flag(fd, TIOCGPKT, &tty->packets);
	if (ret)
		return ret;
	if (ioctl(fd, TCGETS, &tty->termios) || ioctl(fd, TIOCGLCKTRMIOS, &tty->locked) ||
	    ioctl(fd, TIOCGWINSZ, &tty->size))
		return -errno;
	return 0;
}

/*
 * A master tells the session of its slave; other ends tell it only to processes of that session, so that it is
 * seen by them.
 */
static int read_session(struct dump_files *files, struct tty *tty, int fd, enum end end)
{
	struct proc_stat stat;
	pid_t sid = 0, pgrp = 0;
	int ret;

	if (end == END_MASTER) {
		if (!ioctl(fd, TIOCGSID, &sid) && !ioctl(fd, TIOCGPGRP, &pgrp)) {
			tty->sid = sid;
			tty->pgrp = pgrp;
		}
		return 0;
	}
	ret = files_of_process(files, tty->file->source.pid) ?: proc_stat_read(files->dir, &stat);
	if (ret)
		return ret;
	if (end == END_CONTROLLING || (dev_t)stat.tty_nr == tty->file->stat.rdev) {
		tty->sid = stat.session;
		tty->pgrp = stat.foreground;
	}
	return 0;
}

static int read_tty(struct dump_files *files, struct tty *tty, int fd, enum end end)
{
	return source_statx(files, &tty->file->source, &tty->stat) ?: read_settings(tty, fd, end) ?:
	       read_session(files, tty, fd, end);
}

static int find_tty(struct dump_files *files, struct dump_file *file, int fd)
{
	struct tty_file *own = file->own;
	uint32_t id = number_of(own->end, own->index);

	own->tty = inodes_find(&files->ttys, 0, id);
	if (own->tty)
		return 0;
	own->tty = inodes_add(&files->ttys, 0, id, sizeof(*own->tty));
	if (!own->tty)
		return -ENOMEM;
	own->tty->id = id;
	own->tty->file = file;
	return read_tty(files, own->tty, fd, own->end);
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	struct tty_file *own = file->own;

	own->end = end_of(file->stat.rdev);
	own->place_id = files_next_id(files);
	if (own->end == END_SLAVE)
		own->index = minor(file->stat.rdev) + (major(file->stat.rdev) - SLAVE_MAJOR) * 256;
	else if (own->end == END_MASTER && ioctl(fd, TIOCGPTN, &own->index))
		return -errno;
	if (own->index >= INDEX_MAX || own->index < 0) {
		file_block(files, file, "%s: terminal %d: images have numbers up to %d", file->path,
			   own->index, INDEX_MAX - 1);
		return 0;
	}
	return find_tty(files, file, fd) ?: place_find(files, file, &own->place);
}

/* Where it comes from ------------------------------------------------------------------------------ */

static bool has_master(const struct dump_files *files, int index)
{
	return inodes_find(&files->ttys, 0, number_of(END_MASTER, index));
}

/* Of /dev/tty: the terminal of the session. */
static bool has_session_master(const struct dump_files *files, uint32_t sid)
{
	for (const struct inode *i = files->ttys.first; i; i = i->next) {
		const struct tty *tty = (const struct tty *)i;

		if (tty->id & 1 && tty->sid == sid)
			return true;
	}
	return false;
}

/* Returns: how many bytes, or a negative errno value. */
static int count_queued(struct dump_files *files, const struct dump_file *file)
{
	int fd = source_duplicate(files, &file->source), n = 0;

	if (fd < 0)
		return fd;
	/* One that was hung up has none. */
	ioctl(fd, FIONREAD, &n);
	close(fd);
	return n;
}

static int settle(struct dump_files *files, struct dump_file *file)
{
	const struct tty_file *own = file->own;
	int queued;

	if (!own->tty)
		return 0;
	if (external_has(files, EXTERNAL_TTY, file->stat.rdev, file->stat.dev))
		return 0;
	if (own->end == END_SLAVE && !has_master(files, own->index) && !files->options.shell_job)
		file_block(files, file,
			   "%s: a terminal whose other end is outside the tree (--shell-job allows it)",
			   file->path);
	if (own->end == END_CONTROLLING && !has_session_master(files, own->tty->sid) &&
	    !files->options.shell_job)
		file_block(
			files, file,
			"%s: a terminal of session %u, whose other end is outside the tree (--shell-job allows it)",
			file->path, own->tty->sid);
	queued = own->tty->file == file && own->end != END_CONTROLLING ? count_queued(files, file) : 0;
	if (queued < 0)
		return queued;
	if (queued && (own->end == END_MASTER || has_master(files, own->index)))
		file_block(files, file,
			   "%s: a terminal with %d bytes that nobody has read yet; let them be read first",
			   file->path, queued);
	return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

#define CONTROL_CHARACTERS NCCS

/* The characters are bytes side by side in as many numbers, of which the first few have them all. */
static void set_termios(Image__TermiosEntry *message, uint32_t characters[CONTROL_CHARACTERS],
			const struct termios *termios)
{
	image__termios_entry__init(message);
	message->c_iflag = termios->c_iflag;
	message->c_oflag = termios->c_oflag;
	message->c_cflag = termios->c_cflag;
	message->c_lflag = termios->c_lflag;
	message->c_line = termios->c_line;
	memset(characters, 0, CONTROL_CHARACTERS * sizeof(*characters));
	memcpy(characters, termios->c_cc, sizeof(termios->c_cc));
	message->c_cc = characters;
	message->n_c_cc = CONTROL_CHARACTERS;
}

static void set_size(Image__WinsizeEntry *message, const struct winsize *size)
{
	image__winsize_entry__init(message);
	message->ws_row = size->ws_row;
	message->ws_col = size->ws_col;
	message->ws_xpixel = size->ws_xpixel;
	message->ws_ypixel = size->ws_ypixel;
}

static int write_info(struct dump_files *files, struct tty *tty, const struct tty_file *own)
{
	Image__TtyInfoEntry message = IMAGE__TTY_INFO_ENTRY__INIT;
	uint32_t characters[CONTROL_CHARACTERS], locked_characters[CONTROL_CHARACTERS];
	Image__TermiosEntry termios, locked;
	Image__WinsizeEntry size;
	Image__TtyPtyEntry pty = IMAGE__TTY_PTY_ENTRY__INIT;

	set_termios(&termios, characters, &tty->termios);
	set_termios(&locked, locked_characters, &tty->locked);
	set_size(&size, &tty->size);
	pty.index = own->index;
	message.id = tty->id;
	message.type = own->end == END_CONTROLLING ? IMAGE__TTY_TYPE__CTTY : IMAGE__TTY_TYPE__PTY;
	message.locked = tty->is_locked;
	message.exclusive = tty->exclusive;
	message.packet_mode = tty->packets;
	message.sid = tty->sid;
	message.pgrp = tty->pgrp;
	message.rdev = tty->file->stat.rdev;
	message.termios = &termios;
	message.termios_locked = &locked;
	message.winsize = &size;
	message.pty = own->end == END_CONTROLLING ? NULL : &pty;
	message.has_dev = message.has_uid = message.has_gid = true;
	message.dev = tty->file->stat.dev;
	message.uid = tty->stat.stx_uid;
	message.gid = tty->stat.stx_gid;
	return files_write(files, FILE_IMAGE_TTY_INFO, &message.base);
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct tty_file *own = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__TtyFileEntry message = IMAGE__TTY_FILE_ENTRY__INIT;
	int ret = place_write(files, file, &own->place, own->place_id);

	message.id = file->id;
	message.tty_info_id = own->tty->id;
	message.flags = file->flags;
	message.fown = &file->owner;
	message.has_regf_id = true;
	message.regf_id = own->place_id;
	entry.tty = &message;
	ret = ret ? ret : files_write_entry(files, file, &entry);
	if (ret || own->tty->written)
		return ret;
	own->tty->written = true;
	return write_info(files, own->tty, own);
}

static void clear(struct dump_file *file)
{
	struct tty_file *own = file->own;

	place_clear(&own->place);
}

const struct file_kind file_kind_tty = {
	.type = IMAGE__FD_TYPES__TTY,
	.size = sizeof(struct tty_file),
	.look = look,
	.settle = settle,
	.write = write_file,
	.clear = clear,
};
