// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Terminals. A pair of ends gets the number that it had: masters are opened until it comes. Of a terminal whose
 * other end is outside (--shell-job) this program's own takes the place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "restore/files/inherit.h"
#include "restore/files/path.h"
#include "restore/files/tty.h"

/* Device numbers of the kernel, in its own encoding of them. */
#define MASTER_RDEV (5 << 8 | 2)
#define SLAVE_MAJOR 136

static bool describe(struct restored_file *file)
{
	const Image__TtyFileEntry *tty = file->entry->tty;

	if (!tty || tty->id != file->id || !tty->has_regf_id)
		return false;
	file->flags = tty->flags;
	file->fown = tty->fown;
	return true;
}

/* Reading ------------------------------------------------------------------------------------------ */

static int take_info(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		     void *data, const struct image_error *error)
{
	struct terminals *terminals = data;
	struct tty_info *info = files_append(&terminals->infos, &terminals->nr, sizeof(*info));

	(void)files;
	if (!info) {
		protobuf_c_message_free_unpacked(message, NULL);
		return -ENOMEM;
	}
	info->entry = (Image__TtyInfoEntry *)message;
	if (!tty_info_is_sound(info->entry))
		return image_reader_wrong(reader, error, "a terminal makes no sense");
	return 0;
}

static int compare_infos(const void *a, const void *b)
{
	const struct tty_info *x = a, *y = b;

	return (x->entry->id > y->entry->id) - (x->entry->id < y->entry->id);
}

static struct tty_info *find_info(const struct terminals *terminals, uint32_t id)
{
	Image__TtyInfoEntry entry = { .id = id };
	struct tty_info wanted = { .entry = &entry };

	if (!terminals->nr)
		return NULL;
	return bsearch(&wanted, terminals->infos, terminals->nr, sizeof(wanted), compare_infos);
}

static int take_data(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		     void *data, const struct image_error *error)
{
	Image__TtyDataEntry *entry = (Image__TtyDataEntry *)message;
	struct tty_info *info = find_info(data, entry->tty_id);
	int ret = 0;

	(void)files;
	if (!info || info->data.data) {
		ret = image_reader_wrong(reader, error, "data are of a terminal that is not recorded");
	} else {
		info->data = entry->data;
		entry->data = (ProtobufCBinaryData){ 0 };
	}
	protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

bool tty_is_master(const struct tty_info *info)
{
	return info->entry->type == IMAGE__TTY_TYPE__PTY && info->entry->rdev == MASTER_RDEV;
}

static int compare_ptys(const void *a, const void *b)
{
	const struct pty *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

struct pty *tty_pty_of(const struct restore_files *files, const struct tty_info *info)
{
	const struct terminals *terminals = files->rooms.terminals;
	struct pty wanted = { 0 };

	if (info->entry->type != IMAGE__TTY_TYPE__PTY)
		return NULL;
	wanted.index = info->entry->pty->index;
	return bsearch(&wanted, terminals->ptys, terminals->nr_ptys, sizeof(wanted), compare_ptys);
}

static int make_ptys(struct restore_files *files, struct terminals *terminals,
		     const struct image_error *error)
{
	size_t distinct = 0;

	terminals->ptys = calloc(terminals->nr + 1, sizeof(*terminals->ptys));
	if (!terminals->ptys)
		return -ENOMEM;
	for (size_t i = 0; i < terminals->nr; i++) {
		if (terminals->infos[i].entry->type == IMAGE__TTY_TYPE__PTY)
			terminals->ptys[terminals->nr_ptys++] =
				(struct pty){ .index = terminals->infos[i].entry->pty->index, .fd = -1 };
	}
	qsort(terminals->ptys, terminals->nr_ptys, sizeof(*terminals->ptys), compare_ptys);
	for (size_t i = 0; i < terminals->nr_ptys; i++) {
		if (!distinct || compare_ptys(&terminals->ptys[distinct - 1], &terminals->ptys[i]))
			terminals->ptys[distinct++] = terminals->ptys[i];
	}
	terminals->nr_ptys = distinct;
	for (size_t i = 0; i < terminals->nr; i++) {
		struct tty_info *info = &terminals->infos[i];
		struct pty *pty = tty_pty_of(files, info);
		struct tty_info **end;

		if (!pty)
			continue;
		end = tty_is_master(info) ? &pty->master : &pty->slave;
		if (*end)
			return image_error(error, -EBADMSG, files->path,
					   "tty-info.img: an end of terminal %u is there twice", pty->index);
		*end = info;
	}
	return 0;
}

static int read_infos(struct restore_files *files, const struct image_error *error)
{
	struct terminals *terminals = calloc(1, sizeof(*terminals));
	int ret;

	files->rooms.terminals = terminals;
	if (!terminals)
		return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
	ret = files_read_image(files, "tty-info.img", IMAGE_MAGIC_TTY_INFO,
			       &image__tty_info_entry__descriptor, take_info, terminals, error);
	if (!ret && terminals->nr)
		qsort(terminals->infos, terminals->nr, sizeof(*terminals->infos), compare_infos);
	for (size_t i = 1; !ret && i < terminals->nr; i++) {
		if (!compare_infos(&terminals->infos[i - 1], &terminals->infos[i]))
			ret = image_error(error, -EBADMSG, files->path, "tty-info.img: %u is there twice",
					  terminals->infos[i].entry->id);
	}
	ret = ret ?: make_ptys(files, terminals, error);
	if (!ret)
		ret = files_read_image(files, "tty-data.img", IMAGE_MAGIC_TTY_DATA,
				       &image__tty_data_entry__descriptor, take_data, terminals, error);
	return ret == -ENOMEM ? image_error(error, ret, files->path, "%s", strerror(ENOMEM)) : ret;
}

static struct tty_info *info_of(const struct restore_files *files, const struct restored_file *file)
{
	return find_info(files->rooms.terminals, file->entry->tty->tty_info_id);
}

static const struct restored_file *path_file(const struct restore_files *files,
					     const struct restored_file *file)
{
	return files_find(files, file->entry->tty->regf_id);
}

static const char *path_of(const struct restore_files *files, const struct restored_file *file)
{
	return path_file(files, file)->entry->reg->name;
}

static int validate(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	struct restored_file *path = files_find(files, file->entry->tty->regf_id);
	struct tty_info *info = info_of(files, file);

	if (!path || path->kind != &regular_kind)
		return files_wrong(files, file, error, "its path is not recorded");
	if (!info)
		return files_wrong(files, file, error, "its terminal is not recorded");
	if (info->file && tty_is_master(info))
		return files_wrong(files, file, error, "its terminal has two masters");
	path->claimed = true;
	if (!info->file)
		info->file = file;
	return 0;
}

/* Which is which ------------------------------------------------------------------------------------ */

static int find_inherited(const struct restore_files *files, const struct tty_info *info)
{
	char key[64];

	snprintf(key, sizeof(key), "tty[%x:%x]", info->entry->rdev, info->entry->dev);
	return inherit_find(files, key);
}

/* Whether the end that an emulator has is not of the tree. */
static bool is_outside(const struct restore_files *files, const struct tty_info *info)
{
	const struct pty *pty = tty_pty_of(files, info);

	return pty && !tty_is_master(info) && !(pty->master && pty->master->file);
}

/* The terminal of a session of the tree, or NULL. */
static struct pty *find_session(const struct restore_files *files, uint32_t sid)
{
	const struct terminals *terminals = files->rooms.terminals;

	for (size_t i = 0; terminals && sid && i < terminals->nr_ptys; i++) {
		struct pty *pty = &terminals->ptys[i];

		if ((pty->slave && pty->slave->entry->sid == sid) ||
		    (pty->master && pty->master->entry->sid == sid))
			return pty;
	}
	return NULL;
}

/* A descriptor of either end, -1: none. */
static int any_end(const struct pty *pty)
{
	if (pty->slave && pty->slave->file && pty->slave->file->fd >= 0)
		return pty->slave->file->fd;
	if (pty->master && pty->master->file && pty->master->file->fd >= 0)
		return pty->master->file->fd;
	return pty->fd;
}

static const char *find_reason(const struct restore_files *files, const struct tty_info *info)
{
	switch (info->entry->type) {
	case IMAGE__TTY_TYPE__PTY:
		if (is_outside(files, info) && !files->shell_job)
			return "is a terminal whose other end is outside: it needs --shell-job";
		return NULL;
	case IMAGE__TTY_TYPE__CTTY:
		if (!find_session(files, info->entry->sid) && !files->shell_job)
			return "is a controlling terminal that is outside: it needs --shell-job";
		return NULL;
	default:
		return "is a terminal of a kind that is not restored";
	}
}

static void check(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles)
{
	const struct tty_info *info = info_of(files, file);
	const char *why = find_reason(files, info), *path = path_of(files, file);
	char name[32], user[128];
	int fd;

	if (find_inherited(files, info) >= 0)
		return;
	if (why)
		obstacle(obstacles, path, "%s", why);
	if (!tty_is_master(info))
		return;
	snprintf(name, sizeof(name), "/dev/pts/%u", info->entry->pty->index);
	fd = path_lookup(files, name, 0);
	if (fd < 0)
		return;
	tty_name_user(info->entry->pty->index, user, sizeof(user));
	obstacle(obstacles, name, "is in use%s", user);
	close(fd);
}

/* Masters ------------------------------------------------------------------------------------------ */

/* Those with lower numbers, which are in the way. */
struct fillers {
	int *fds;
	size_t nr;
};

static int add_filler(struct restore_files *files, struct fillers *fillers, int fd)
{
	int *filler = files_append(&fillers->fds, &fillers->nr, sizeof(*filler));

	if (!filler) {
		close(fd);
		return -ENOMEM;
	}
	*filler = files_move(files, fd);
	return *filler < 0 ? *filler : 0;
}

static int open_master(const struct restore_files *files, const struct pty *pty)
{
	int path = path_lookup(files, path_of(files, pty->master->file), 0), fd;
	struct stat stat;

	if (path < 0)
		return path;
	/* Where it is something else, it is not opened: that may do things. */
	fd = fstat(path, &stat) || !S_ISCHR(stat.st_mode) ? -ENODEV : path_reopen(path, O_RDWR);
	close(path);
	return fd;
}

/* Numbers are given from the lowest that is free. */
static int make_master(struct restore_files *files, struct pty *pty, struct fillers *fillers,
		       const struct image_error *error)
{
	unsigned int number;
	int ret = 0, unlock = 0;
	char user[128];

	while (!ret) {
		int fd = open_master(files, pty);

		if (fd < 0)
			return image_error(error, fd, path_of(files, pty->master->file), "terminal %u: %s",
					   pty->index, strerror(-fd));
		if (ioctl(fd, TIOCGPTN, &number)) {
			close(fd);
			return image_error(error, -ENOTTY, path_of(files, pty->master->file),
					   "makes no terminals");
		}
		if (number == pty->index) {
			pty->fd = files_move(files, fd);
			if (pty->fd >= 0 && !ioctl(pty->fd, TIOCSPTLCK, &unlock))
				return 0;
			return image_error(error, -errno, "terminal", "%s", strerror(errno));
		}
		if (number > pty->index) {
			close(fd);
			tty_name_user(pty->index, user, sizeof(user));
			return image_error(error, -EBUSY, "terminal", "/dev/pts/%u is in use%s", pty->index,
					   user);
		}
		ret = add_filler(files, fillers, fd);
	}
	return image_error(error, ret, "terminal", "%s", strerror(-ret));
}

static int prepare(struct restore_files *files, const struct image_error *error)
{
	struct terminals *terminals = files->rooms.terminals;
	struct fillers fillers = { 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < terminals->nr_ptys; i++) {
		struct pty *pty = &terminals->ptys[i];

		if (pty->master && pty->master->file && find_inherited(files, pty->master) < 0)
			ret = make_master(files, pty, &fillers, error);
	}
	while (fillers.nr) {
		int fd = fillers.fds[--fillers.nr];

		if (fd >= 0)
			close(fd);
	}
	free(fillers.fds);
	return ret;
}

/* Opening ------------------------------------------------------------------------------------------ */

/* This program's own terminal. Returns: a descriptor or -errno. */
static int open_own(uint32_t flags)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (isatty(fd))
			return path_reopen(fd, flags);
	}
	return -ENOTTY;
}

/* The other end of what has the right number. */
static int open_slave(const struct restore_files *files, const struct restored_file *file,
		      const struct tty_info *info)
{
	const struct pty *pty = tty_pty_of(files, info);
	int path = path_lookup(files, path_of(files, file), 0), fd;
	struct stat stat;

	if (path < 0)
		return path;
	if (fstat(path, &stat) || !S_ISCHR(stat.st_mode) || major(stat.st_rdev) < SLAVE_MAJOR ||
	    (major(stat.st_rdev) - SLAVE_MAJOR) * 256 + minor(stat.st_rdev) != pty->index)
		fd = -ENODEV;
	else
		fd = path_reopen(path, file->flags);
	close(path);
	return fd;
}

static int open_end(struct restore_files *files, struct restored_file *file, const struct tty_info *info)
{
	struct pty *pty = tty_pty_of(files, info);
	int fd, ret;

	if (tty_is_master(info)) {
		fd = pty->fd;
		pty->fd = -1;
		ret = files_set_flags(fd, file->flags);
		return ret ? ret : fd;
	}
	return is_outside(files, info) ? open_own(file->flags) : open_slave(files, file, info);
}

static int open_tty(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	const struct tty_info *info = info_of(files, file);
	const char *why = find_reason(files, info), *path = path_of(files, file);
	int inherited = find_inherited(files, info), fd;

	if (inherited >= 0)
		return inherit_take(files, file, inherited, error);
	if (why)
		return image_error(error, -EOPNOTSUPP, path, "%s", why);
	/* When the terminal that it stands for is open. */
	if (info->entry->type == IMAGE__TTY_TYPE__CTTY)
		return 0;
	fd = open_end(files, file, info);
	if (fd < 0)
		return image_error(error, fd, path, "the terminal cannot be opened: %s", strerror(-fd));
	return files_keep(files, file, fd, error);
}

/* When all are open -------------------------------------------------------------------------------- */

static int set_owner(const struct restore_files *files, const struct tty_info *slave)
{
	const struct restored_file *path = path_file(files, slave->file);
	int fd = slave->file->fd;

	if (slave->entry->has_uid && slave->entry->has_gid &&
	    fchown(fd, slave->entry->uid, slave->entry->gid))
		return -errno;
	if (path->entry->reg->has_mode && fchmod(fd, path->entry->reg->mode & 07777))
		return -errno;
	return 0;
}

/*
 * What waits goes through modes that change nothing, before the real ones are set. Both ends have the same: those
 * that are good for the lines of the slave come last.
 */
static int set_pair(const struct restore_files *files, const struct pty *pty)
{
	const struct tty_info *slave = pty->slave && pty->slave->file ? pty->slave : NULL;
	int master_fd = pty->master->file->fd, packet = pty->master->entry->packet_mode;
	int ret = 0;

	if (slave) {
		ret = set_owner(files, slave);
		ret = ret ?: tty_fill(pty->master, master_fd, slave->file->fd);
		ret = ret ?: tty_fill(slave, slave->file->fd, master_fd);
	}
	ret = ret ?: tty_set_modes(any_end(pty), (slave ?: pty->master)->entry, true);
	if (!ret && packet && ioctl(master_fd, TIOCPKT, &packet))
		ret = -errno;
	return ret;
}

/* This program's own. Its window has the size that it has. */
static int set_outside(struct pty *pty)
{
	int fd = any_end(pty), ret = tty_get_modes(fd, &pty->before);

	return ret ? ret : tty_set_modes(fd, pty->slave->entry, false);
}

static int set_up(struct restore_files *files, struct pty *pty)
{
	bool inside = pty->master && pty->master->file;

	if (any_end(pty) < 0 || find_inherited(files, inside ? pty->master : pty->slave) >= 0)
		return 0;
	return inside ? set_pair(files, pty) : set_outside(pty);
}

static int open_controlling(struct restore_files *files, struct restored_file *file,
			    const struct image_error *error)
{
	const struct tty_info *info = info_of(files, file);
	const struct pty *pty = find_session(files, info->entry->sid);
	int terminal = pty && !(pty->slave && is_outside(files, pty->slave)) ? any_end(pty) : -1, fd;

	if (info->entry->type != IMAGE__TTY_TYPE__CTTY || file->fd >= 0)
		return 0;
	fd = terminal < 0 ? files_result(open("/dev/tty", (file->flags & ~O_ASYNC) | O_CLOEXEC))
			  : tty_open_controlling(terminal, file->flags);
	if (fd < 0)
		return image_error(error, fd, path_of(files, file), "the terminal cannot be opened: %s",
				   strerror(-fd));
	return files_keep(files, file, fd, error);
}

static int complete(struct restore_files *files, const struct image_error *error)
{
	struct terminals *terminals = files->rooms.terminals;
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		if (files->files[i].kind == &tty_kind)
			ret = open_controlling(files, &files->files[i], error);
	}
	for (size_t i = 0; !ret && i < terminals->nr_ptys; i++) {
		ret = set_up(files, &terminals->ptys[i]);
		if (ret)
			image_error(error, ret, "terminal", "/dev/pts/%u: %s", terminals->ptys[i].index,
				    strerror(-ret));
	}
	return ret;
}

/* Others may not open it from now on. */
static int finish(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	const struct tty_info *info = info_of(files, file);
	int locked = 1;

	if (info->file != file || find_inherited(files, info) >= 0)
		return 0;
	if (info->entry->exclusive && ioctl(file->fd, TIOCEXCL))
		return files_fail(files, file, error);
	if (tty_is_master(info) && info->entry->locked && ioctl(file->fd, TIOCSPTLCK, &locked))
		return files_fail(files, file, error);
	return 0;
}

/* The terminal of a session, if it is one that was made anew; NULL: there is none. */
static const struct pty *find_terminal(const struct restore_files *files, pid_t sid)
{
	const struct pty *pty = find_session(files, sid);

	return !pty || any_end(pty) < 0 || (pty->slave && is_outside(files, pty->slave)) ? NULL : pty;
}

int restore_files_terminal(const struct restore_files *files, pid_t sid, const struct image_error *error)
{
	const struct pty *pty = find_terminal(files, sid);

	if (pty && ioctl(any_end(pty), TIOCSCTTY, 0))
		return image_error(error, -errno, "terminal", "/dev/pts/%u of session %d: %s", pty->index,
				   sid, strerror(errno));
	return 0;
}

int restore_files_foreground(const struct restore_files *files, pid_t sid, const struct image_error *error)
{
	const struct pty *pty = find_terminal(files, sid);
	const struct tty_info *info;
	pid_t group;

	if (!pty)
		return 0;
	info = pty->slave && pty->slave->entry->sid == (uint32_t)sid ? pty->slave : pty->master;
	group = info->entry->pgrp;
	/* It may have had none any more. */
	if (group && group != sid && ioctl(any_end(pty), TIOCSPGRP, &group) && errno != ESRCH &&
	    errno != EPERM)
		return image_error(error, -errno, "terminal", "/dev/pts/%u: foreground group %d: %s",
				   pty->index, group, strerror(errno));
	return 0;
}

static void close_masters(struct restore_files *files)
{
	struct terminals *terminals = files->rooms.terminals;

	for (size_t i = 0; terminals && i < terminals->nr_ptys; i++) {
		if (terminals->ptys[i].fd >= 0)
			close(terminals->ptys[i].fd);
		terminals->ptys[i].fd = -1;
	}
}

static void abandon(struct restore_files *files)
{
	struct terminals *terminals = files->rooms.terminals;

	for (size_t i = 0; terminals && i < terminals->nr_ptys; i++) {
		struct pty *pty = &terminals->ptys[i];

		if (pty->before && any_end(pty) >= 0)
			tty_put_modes(any_end(pty), pty->before);
	}
	close_masters(files);
}

static void free_infos(struct restore_files *files)
{
	struct terminals *terminals = files->rooms.terminals;

	if (!terminals)
		return;
	close_masters(files);
	for (size_t i = 0; i < terminals->nr; i++) {
		image__tty_info_entry__free_unpacked(terminals->infos[i].entry, NULL);
		free(terminals->infos[i].data.data);
	}
	for (size_t i = 0; i < terminals->nr_ptys; i++)
		free(terminals->ptys[i].before);
	free(terminals->infos);
	free(terminals->ptys);
	free(terminals);
}

const struct file_kind tty_kind = {
	.name = "terminal",
	.describe = describe,
	.read = read_infos,
	.validate = validate,
	.check = check,
	.prepare = prepare,
	.open = open_tty,
	.complete = complete,
	.finish = finish,
	.abandon = abandon,
	.free = free_infos,
};
