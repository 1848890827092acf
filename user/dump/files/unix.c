// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unix sockets. Both ends of a connection, and who a datagram socket is connected to, must be in the tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/files/external.h"
#include "dump/files/kinds.h"
#include "dump/files/options.h"
#include "dump/files/queue.h"
#include "dump/files/source.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE 0x89E0
#endif

/* As of TCP. */
#define STATE_ESTABLISHED 1
#define STATE_LISTEN	  10

#define SHUTDOWN_RECEIVE 1

struct unix_file {
	const struct diag_socket *told;
	Image__SkOptsEntry *options; /* owned */
	struct queue queue;
	/* Of one that has a name among files. */
	bool has_place, deleted;
	Image__FilePermsEntry owner;
	char *directory; /* that its name begins at, owned; NULL: the name is absolute */
};

static bool has_path(const struct diag_socket *told)
{
	return told->name_length && told->name[0];
}

static enum queue_type queue_type(const struct diag_socket *told)
{
	if (told->type == SOCK_STREAM)
		return QUEUE_STREAM;
	return told->type == SOCK_SEQPACKET && told->shutdown & SHUTDOWN_RECEIVE ? QUEUE_ENDED
										 : QUEUE_PACKETS;
}

/* Names -------------------------------------------------------------------------------------------- */

/* What comes before the name in the path that the socket is at; NULL: the path does not end so. */
static char *directory_of(const char *path, const char *name)
{
	size_t length = strlen(path), tail = strlen(name);

	if (length <= tail + 1 || strcmp(path + length - tail, name) || path[length - tail - 1] != '/')
		return NULL;
	length -= tail + 1;
	return strndup(path, length ? length : 1);
}

static bool is_there(int directory, const char *name, const struct stat *st)
{
	struct stat there;

	return !fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) && there.st_dev == st->st_dev &&
	       there.st_ino == st->st_ino;
}

/* The path that it is at now, which is not absolute in its name. */
static int find_directory(struct dump_files *files, const struct dump_file *file, const char *name, int place)
{
	static const char mark[] = " (deleted)";
	struct unix_file *own = file->own;
	char link[64], path[FILE_PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
	n = proc_link(AT_FDCWD, link, path, sizeof(path));
	if (n < 0)
		return n;
	if (own->deleted && n > (ssize_t)strlen(mark) && !strcmp(path + n - strlen(mark), mark))
		path[n - strlen(mark)] = '\0';
	own->directory = directory_of(path, name);
	if (!own->directory)
		file_block(files, file, "a unix socket that was bound to %s and is at %s", name, path);
	return 0;
}

static int find_place(struct dump_files *files, struct dump_file *file, int fd)
{
	struct unix_file *own = file->own;
	char name[DIAG_NAME_MAX + 1] = "";
	int place = ioctl(fd, SIOCUNIXFILE), ret = 0;
	struct stat st;

	if (place < 0)
		return -errno;
	memcpy(name, own->told->name, own->told->name_length);
	if (fstat(place, &st)) {
		ret = -errno;
	} else {
		own->has_place = true;
		own->deleted = !st.st_nlink;
		own->owner.mode = st.st_mode;
		own->owner.uid = st.st_uid;
		own->owner.gid = st.st_gid;
	}
	if (!ret && name[0] != '/')
		ret = find_directory(files, file, name, place);
	else if (!ret && !own->deleted)
		own->deleted = !is_there(AT_FDCWD, name, &st);
	close(place);
	return ret;
}

/* Looking ------------------------------------------------------------------------------------------ */

/* A node of dump_files.unix_sockets. */
struct unix_node {
	struct inode inode;
	struct dump_file *file;
};

static int add_node(struct dump_files *files, struct dump_file *file)
{
	struct unix_node *node = inodes_add(&files->unix_sockets, 0, file->stat.ino, sizeof(*node));

	if (!node)
		return -ENOMEM;
	node->file = file;
	return 0;
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	struct unix_file *own = file->own;
	int ret = files->sockets ? 0 : diag_read(&files->sockets);

	if (ret)
		return ret;
	image__file_perms_entry__init(&own->owner);
	own->told = diag_find(files->sockets, file->stat.ino);
	if (!own->told) {
		file_block(files, file, "%s: a unix socket of another network namespace", file->path);
		return 0;
	}
	ret = add_node(files, file) ?: options_read(files, file, fd, &own->options);
	if (!ret && has_path(own->told))
		ret = find_place(files, file, fd);
	if (!ret && own->told->state != STATE_LISTEN &&
	    (own->told->state == STATE_ESTABLISHED || own->told->type != SOCK_STREAM))
		ret = queue_look(files, file, fd, queue_type(own->told), &own->queue);
	return ret;
}

/* Peers -------------------------------------------------------------------------------------------- */

static void settle_listener(struct dump_files *files, const struct dump_file *file)
{
	const struct unix_file *own = file->own;

	for (size_t i = 0; i < own->told->nr_waiting; i++) {
		if (!inodes_find(&files->unix_sockets, 0, own->told->waiting[i]))
			file_block(
				files, file,
				"%s: a unix listener with a connection from socket:[%u], outside the tree, that was not accepted yet; let it accept it first",
				file->path, own->told->waiting[i]);
	}
}

/* What is in the queue of a socket that no one has yet cannot be read. */
static void settle_waiting(struct dump_files *files, const struct dump_file *file)
{
	const struct unix_file *own = file->own;

	if (!inodes_find(&files->unix_sockets, 0, own->told->listener))
		file_block(
			files, file,
			"%s: a unix socket that waits to be accepted by socket:[%u], outside the tree; let it be accepted first",
			file->path, own->told->listener);
	else if (own->told->wqueue)
		file_block(
			files, file,
			"%s: a unix socket that sent something before it was accepted; let it be accepted first",
			file->path);
}

static bool lacks_peer(const struct dump_files *files, const struct unix_file *own)
{
	return own->told->peer && !own->told->listener &&
	       !inodes_find(&files->unix_sockets, 0, own->told->peer);
}

/* Either end may be named. */
static bool may_lack_peer(const struct dump_files *files, const struct dump_file *file)
{
	const struct unix_file *own = file->own;

	return external_has(files, EXTERNAL_UNIX, file->stat.ino, 0) ||
	       external_has(files, EXTERNAL_UNIX, own->told->peer, 0);
}

static int settle(struct dump_files *files, struct dump_file *file)
{
	const struct unix_file *own = file->own;

	if (!own->told)
		return 0;
	if (own->told->state == STATE_LISTEN)
		settle_listener(files, file);
	else if (own->told->listener)
		settle_waiting(files, file);
	else if (lacks_peer(files, own) && !may_lack_peer(files, file))
		file_block(
			files, file,
			"%s: a unix socket with a peer, socket:[%u], outside the tree (--external 'unix[%u]' allows it)",
			file->path, own->told->peer, own->told->peer);
	return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

static void fill_in(Image__UnixSkEntry *message, const struct dump_files *files, struct dump_file *file)
{
	struct unix_file *own = file->own;
	const struct diag_socket *told = own->told;

	message->id = file->id;
	message->ino = told->ino;
	message->type = told->type;
	message->state = told->state;
	message->flags = file->flags;
	message->backlog = told->wqueue;
	message->peer = told->listener ? told->listener : told->peer;
	/* Without --inherit-fd it is one whose peer has closed. */
	if (lacks_peer(files, own))
		message->peer = 0;
	message->fown = &file->owner;
	message->opts = own->options;
	message->name.data = (uint8_t *)told->name;
	message->name.len = told->name_length;
	message->has_shutdown = told->shutdown != 0;
	message->shutdown = told->shutdown;
	message->file_perms = own->has_place ? &own->owner : NULL;
	message->name_dir = own->directory;
	message->has_deleted = own->deleted;
	message->deleted = own->deleted;
	message->has_ns_id = files->options.net_ns_id != 0;
	message->ns_id = files->options.net_ns_id;
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct unix_file *own = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__UnixSkEntry message = IMAGE__UNIX_SK_ENTRY__INIT;
	int ret;

	fill_in(&message, files, file);
	entry.usk = &message;
	ret = files_write_entry(files, file, &entry);
	return ret ? ret : queue_write(files, file, queue_type(own->told), &own->queue);
}

static void clear(struct dump_file *file)
{
	struct unix_file *own = file->own;

	options_free(own->options);
	queue_clear(&own->queue);
	free(own->directory);
}

const struct file_kind file_kind_unix = {
	.type = IMAGE__FD_TYPES__UNIXSK,
	.size = sizeof(struct unix_file),
	.look = look,
	.settle = settle,
	.write = write_file,
	.clear = clear,
};
