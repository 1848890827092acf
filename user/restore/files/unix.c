// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets of the unix family. Pairs are made as such, also those that had been connected by a name, for no one can
 * tell; then all names are bound, what listens listens, datagram sockets connect, and what waited in queues is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "restore/files/inherit.h"
#include "restore/files/socket_options.h"
#include "restore/files/unix.h"

/* States, as of TCP. */
enum {
	STATE_ESTABLISHED = 1,
	STATE_CLOSE = 7,
	STATE_LISTEN = 10,
};

static bool describe(struct restored_file *file)
{
	const Image__UnixSkEntry *usk = file->entry->usk;

	if (!usk || usk->id != file->id || !usk->ino)
		return false;
	if (usk->type != SOCK_STREAM && usk->type != SOCK_DGRAM && usk->type != SOCK_SEQPACKET)
		return false;
	if (usk->state != STATE_ESTABLISHED && usk->state != STATE_CLOSE && usk->state != STATE_LISTEN)
		return false;
	if (!unix_name_is_sound(usk) || !socket_options_are_sound(usk->opts))
		return false;
	file->flags = usk->flags;
	file->fown = usk->fown;
	return true;
}

/* Who is whose peer -------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct unix_socket *x = a, *y = b;

	return (x->entry->ino > y->entry->ino) - (x->entry->ino < y->entry->ino);
}

static struct unix_socket *find_inode(const struct unix_sockets *sockets, uint32_t inode)
{
	Image__UnixSkEntry entry = { .ino = inode };
	struct unix_socket wanted = { .entry = &entry };

	if (!sockets->nr)
		return NULL;
	return bsearch(&wanted, sockets->sockets, sockets->nr, sizeof(wanted), compare);
}

static struct unix_socket *socket_of(const struct restore_files *files, const struct restored_file *file)
{
	return find_inode(files->rooms.unix_sockets, file->entry->usk->ino);
}

bool unix_is_pair(const struct unix_socket *socket)
{
	return socket->peer && socket->peer != socket && socket->peer->peer == socket;
}

static char *inherit_key(const Image__UnixSkEntry *entry)
{
	static char key[64];

	snprintf(key, sizeof(key), "socket:[%u]", entry->ino);
	return key;
}

static bool is_inherited(const struct restore_files *files, const struct unix_socket *socket)
{
	return inherit_find(files, inherit_key(socket->entry)) >= 0;
}

static int check_peer(struct restore_files *files, const struct unix_socket *socket,
		      const struct image_error *error)
{
	if (socket->entry->type == SOCK_DGRAM || !socket->peer || unix_is_pair(socket))
		return 0;
	return files_wrong(files, socket->file, error, "it is connected to a socket that is not to it");
}

static int read_sockets(struct restore_files *files, const struct image_error *error)
{
	struct unix_sockets *sockets = calloc(1, sizeof(*sockets));
	int ret = 0;

	files->rooms.unix_sockets = sockets;
	if (sockets)
		sockets->sockets = calloc(files->nr_files + 1, sizeof(*sockets->sockets));
	if (!sockets || !sockets->sockets)
		return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < files->nr_files; i++) {
		if (files->files[i].kind == &unix_kind)
			sockets->sockets[sockets->nr++] = (struct unix_socket){
				.file = &files->files[i],
				.entry = files->files[i].entry->usk,
				.held = -1,
				.name_fd = -1,
			};
	}
	qsort(sockets->sockets, sockets->nr, sizeof(*sockets->sockets), compare);
	for (size_t i = 0; i < sockets->nr; i++) {
		if (i && sockets->sockets[i].entry->ino == sockets->sockets[i - 1].entry->ino)
			return files_wrong(files, sockets->sockets[i].file, error,
					   "there are two sockets of its inode");
		sockets->sockets[i].peer = find_inode(sockets, sockets->sockets[i].entry->peer);
	}
	for (size_t i = 0; !ret && i < sockets->nr; i++)
		ret = check_peer(files, &sockets->sockets[i], error);
	return ret ? ret : unix_queues_read(files, error);
}

/* Why it cannot be restored, NULL: it can. */
static const char *find_reason(const struct unix_socket *socket)
{
	if (socket->entry->peer && !socket->peer)
		return "is connected to a process outside: it needs --inherit-fd";
	return NULL;
}

static void check(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles)
{
	struct unix_socket *socket = socket_of(files, file);
	const char *why;

	if (is_inherited(files, socket))
		return;
	why = find_reason(socket);
	if (why)
		obstacle(obstacles, files_name(file), "%s", why);
	unix_check_name(files, socket, obstacles);
}

/* Making them -------------------------------------------------------------------------------------- */

static int keep_end(struct restore_files *files, struct unix_socket *socket, int fd,
		    const struct image_error *error)
{
	int ret = files_keep(files, socket->file, fd, error);

	if (ret)
		return ret;
	ret = socket_options_set(socket->file->fd, socket->entry->opts);
	errno = -ret;
	return ret ? files_fail(files, socket->file, error) : 0;
}

/* Returns: a descriptor or -errno. */
static int make_one(const struct unix_socket *like)
{
	return files_result(socket(AF_UNIX, like->entry->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static int make_pair(struct restore_files *files, struct unix_socket *one, const struct image_error *error)
{
	int ends[2], ret;

	if (socketpair(AF_UNIX, one->entry->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return files_fail(files, one->file, error);
	ret = keep_end(files, one, ends[0], error);
	if (!unix_is_pair(one)) {
		one->held = files_move(files, ends[1]);
		return ret;
	}
	if (ret)
		close(ends[1]);
	return ret ? ret : keep_end(files, one->peer, ends[1], error);
}

/* It had been connected, and whom to is gone; or something waits in it that nobody else could have sent. */
static bool had_peer(const struct restore_files *files, const struct unix_socket *socket)
{
	if (socket->peer)
		return false;
	if (socket->entry->type == SOCK_DGRAM)
		return !socket->entry->name.len && unix_queues_any(files, socket);
	return socket->entry->state == STATE_ESTABLISHED;
}

static int open_socket(struct restore_files *files, struct restored_file *file,
		       const struct image_error *error)
{
	struct unix_socket *unix_socket = socket_of(files, file);
	int inherited = inherit_find(files, inherit_key(unix_socket->entry));
	const char *why;

	if (inherited >= 0) {
		unix_socket->settled = true;
		return inherit_take(files, file, inherited, error);
	}
	why = find_reason(unix_socket);
	if (why)
		return image_error(error, -EOPNOTSUPP, files_name(file), "%s", why);
	if ((unix_is_pair(unix_socket) && !is_inherited(files, unix_socket->peer)) ||
	    had_peer(files, unix_socket))
		return make_pair(files, unix_socket, error);
	return keep_end(files, unix_socket, make_one(unix_socket), error);
}

static int listen_all(struct restore_files *files, const struct image_error *error)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;

	for (size_t i = 0; i < sockets->nr; i++) {
		const struct unix_socket *socket = &sockets->sockets[i];

		if (socket->entry->state == STATE_LISTEN && !socket->settled &&
		    listen(socket->file->fd, socket->entry->backlog))
			return files_fail(files, socket->file, error);
	}
	return 0;
}

/* Who listens is who peers are told of (SO_PEERCRED); without it they would be told of this program. */
static void listen_again(const struct restored_file *file, int fd)
{
	if (file->entry->usk->state == STATE_LISTEN)
		listen(fd, file->entry->usk->backlog);
}

/* Settling ------------------------------------------------------------------------------------------ */

/* Any that is connected to it, or that can be. Returns: a descriptor that the caller closes, or -errno. */
static int find_sender(struct restore_files *files, const struct unix_socket *to)
{
	const struct unix_sockets *sockets = files->rooms.unix_sockets;
	int fd, ret;

	if (to->held >= 0)
		return fcntl(to->held, F_DUPFD_CLOEXEC, files->next);
	if (unix_is_pair(to))
		return fcntl(to->peer->file->fd, F_DUPFD_CLOEXEC, files->next);
	for (size_t i = 0; i < sockets->nr; i++) {
		if (sockets->sockets[i].peer == to && sockets->sockets[i].settled)
			return fcntl(sockets->sockets[i].file->fd, F_DUPFD_CLOEXEC, files->next);
	}
	fd = make_one(to);
	if (fd < 0)
		return fd;
	ret = unix_connect(fd, to);
	if (ret)
		close(fd);
	return ret ? ret : fd;
}

static int fill(struct restore_files *files, const struct unix_socket *socket,
		const struct image_error *error)
{
	int from, ret;

	if (!unix_queues_any(files, socket))
		return 0;
	from = find_sender(files, socket);
	if (from < 0)
		return image_error(error, -ENOTCONN, files_name(socket->file),
				   "what waits in it cannot be sent: there is nobody to send it");
	ret = unix_queues_send(files, socket, from, error);
	close(from);
	return ret;
}

/* The last of it: nothing can be sent or connected after that. */
static int shut(struct restore_files *files, struct unix_socket *unix_socket, const struct image_error *error)
{
	const Image__UnixSkEntry *entry = unix_socket->entry;
	int ret = 0;

	if (unix_socket->held >= 0)
		close(unix_socket->held);
	unix_socket->held = -1;
	/* 1, 2 and 3 are SHUT_RD, SHUT_WR and SHUT_RDWR. */
	if (entry->shutdown && shutdown(unix_socket->file->fd, entry->shutdown - 1) && errno != ENOTCONN)
		ret = -errno;
	ret = ret ?: socket_buffers_set(unix_socket->file->fd, entry->opts);
	ret = ret ?: files_set_flags(unix_socket->file->fd, unix_socket->file->flags);
	errno = -ret;
	return ret ? files_fail(files, unix_socket->file, error) : 0;
}

/* Messages first: what is connected takes them from its peer alone. */
static int settle(struct restore_files *files, struct unix_socket *socket, const struct image_error *error)
{
	int ret = fill(files, socket, error);

	socket->settled = true;
	if (ret || !socket->peer || unix_is_pair(socket))
		return ret;
	ret = unix_connect(socket->file->fd, socket->peer);
	errno = -ret;
	return ret ? files_fail(files, socket->file, error) : 0;
}

/* Those that nobody awaits, and then whom they had been awaited by. */
static int settle_from(struct restore_files *files, struct unix_socket *socket,
		       const struct image_error *error)
{
	while (socket && !socket->settled && !socket->awaited) {
		bool connects = socket->peer && !unix_is_pair(socket) && socket->peer != socket;
		int ret = settle(files, socket, error);

		if (ret)
			return ret;
		socket = connects ? socket->peer : NULL;
		if (socket)
			socket->awaited--;
	}
	return 0;
}

static int settle_all(struct restore_files *files, const struct image_error *error)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;
	int ret = 0;

	for (size_t i = 0; i < sockets->nr; i++) {
		struct unix_socket *socket = &sockets->sockets[i];

		if (socket->peer && !unix_is_pair(socket) && socket->peer != socket && !socket->settled)
			socket->peer->awaited++;
	}
	for (size_t i = 0; !ret && i < sockets->nr; i++)
		ret = settle_from(files, &sockets->sockets[i], error);
	for (size_t i = 0; !ret && i < sockets->nr; i++) {
		struct unix_socket *socket = &sockets->sockets[i];

		if (!socket->settled)
			ret = files_wrong(files, socket->file, error, "sockets are connected in a circle");
		else if (!is_inherited(files, socket))
			ret = shut(files, socket, error);
	}
	return ret;
}

static int complete(struct restore_files *files, const struct image_error *error)
{
	int ret = unix_bind_all(files, error);

	if (!ret)
		ret = listen_all(files, error);
	/* In whose name something was sent must be there. */
	if (!ret && !files->rooms.queues->has_creds)
		ret = settle_all(files, error);
	return ret;
}

static int finish(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	(void)file;
	if (!files->rooms.queues->has_creds)
		return 0;
	files->rooms.queues->has_creds = false;
	return settle_all(files, error);
}

static void close_all(struct restore_files *files)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;

	for (size_t i = 0; sockets && i < sockets->nr; i++) {
		if (sockets->sockets[i].held >= 0)
			close(sockets->sockets[i].held);
		if (sockets->sockets[i].name_fd >= 0)
			close(sockets->sockets[i].name_fd);
		sockets->sockets[i].held = sockets->sockets[i].name_fd = -1;
	}
}

static void abandon(struct restore_files *files)
{
	unix_abandon_names(files);
	close_all(files);
}

static void free_sockets(struct restore_files *files)
{
	close_all(files);
	unix_free_asides(files);
	if (files->rooms.unix_sockets)
		free(files->rooms.unix_sockets->sockets);
	free(files->rooms.unix_sockets);
	unix_queues_free(files);
}

const struct file_kind unix_kind = {
	.name = "unix socket",
	.describe = describe,
	.read = read_sockets,
	.check = check,
	.open = open_socket,
	.complete = complete,
	.installed = listen_again,
	.finish = finish,
	.commit = unix_forget_asides,
	.abandon = abandon,
	.free = free_sockets,
};
