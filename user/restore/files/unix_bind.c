// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of sockets. A path that a socket is bound to is a file that outlives it, so that it is there when the socket
 * is restored on the machine where it was: that is moved out of the way, and comes back if the restore fails.
 * Sockets that were accepted have the name of the one that listened; all are bound to it in turn, and the last
 * one's file stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/say.h"
#include "procfs/order.h"
#include "restore/files/names.h"
#include "restore/files/path.h"
#include "restore/files/unix.h"

#define STATE_LISTEN 10

/* A file that was there, or, without @away, that was made. */
struct unix_aside {
	int parent;
	char *base;
	char *away; /* what it is called for a while */
	bool ours; /* nothing was there */
	bool settled; /* what was there is there again */
};

bool unix_has_path(const struct unix_socket *socket)
{
	return socket->entry->name.len && socket->entry->name.data[0];
}

/* Paths end with a NUL, as bind(2) told the kernel; abstract names begin with one. */
bool unix_name_is_sound(const Image__UnixSkEntry *entry)
{
	const ProtobufCBinaryData *name = &entry->name;
	const char *path = (const char *)name->data;

	if (name->len > sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1)
		return false;
	if (entry->name_dir && !path_is_sound(entry->name_dir))
		return false;
	if (!name->len || !path[0])
		return name->len <= sizeof(((struct sockaddr_un *)NULL)->sun_path);
	if (strnlen(path, name->len) != name->len - 1)
		return false;
	if (*path == '/')
		return path_is_sound(path);
	/* Relative ones begin at the directory that the program was in; any but ".." are sound there. */
	return entry->name_dir && strcmp(path, "..") && strncmp(path, "../", 3) && !strstr(path, "/../");
}

static socklen_t make_address(const struct unix_socket *socket, struct sockaddr_un *address)
{
	const ProtobufCBinaryData *name = &socket->entry->name;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, name->data,
	       name->len < sizeof(address->sun_path) ? name->len : sizeof(address->sun_path));
	/* Of a path that fills it the NUL at the end is left out. */
	return offsetof(struct sockaddr_un, sun_path) +
	       (name->len < sizeof(address->sun_path) ? name->len : sizeof(address->sun_path));
}

/* Returns: the path from the root, which the caller frees, or NULL without memory. */
static char *full_path(const struct unix_socket *socket)
{
	const char *path = (const char *)socket->entry->name.data;
	char *full;

	if (*path == '/')
		return strdup(path);
	return asprintf(&full, "%s/%s", socket->entry->name_dir, path) < 0 ? NULL : full;
}

int unix_connect(int fd, const struct unix_socket *to)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);

	if (!to->entry->name.len)
		return -ENOTCONN;
	if (unix_has_path(to))
		/* Also when it has been unlinked, or is another's name now. */
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", to->name_fd);
	else
		size = make_address(to, &address);
	return connect(fd, (struct sockaddr *)&address, size) ? -errno : 0;
}

/* Where a name begins ------------------------------------------------------------------------------- */

/* Where this program was. */
struct origin {
	int root, directory;
	mode_t mask;
};

/* bind(2) takes no directory: this program goes there, and into --root. Returns: 0 or -errno. */
static int enter(const struct restore_files *files, const struct unix_socket *socket, struct origin *origin)
{
	bool relative = socket->entry->name_dir && socket->entry->name.data[0] != '/';
	int directory = -1, ret = 0;

	*origin = (struct origin){ open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
				   open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), umask(0177) };
	if (origin->root < 0 || origin->directory < 0)
		return -errno;
	if (relative)
		directory = path_lookup(files, socket->entry->name_dir, O_DIRECTORY);
	/* Without it the socket would be bound where this program is. */
	if (relative && directory < 0)
		ret = directory;
	if (!ret && files->root >= 0 && (fchdir(files->root) || chroot(".")))
		ret = -errno;
	if (!ret && directory >= 0 && fchdir(directory))
		ret = -errno;
	if (directory >= 0)
		close(directory);
	return ret;
}

/* Returns: 0 or -errno: then paths mean something else, and the restore is to fail. */
static int leave(const struct restore_files *files, struct origin *origin)
{
	int ret = 0;

	umask(origin->mask);
	if (files->root >= 0 && (fchdir(origin->root) || chroot(".")))
		ret = -errno;
	if (!ret && origin->directory >= 0 && fchdir(origin->directory))
		ret = -errno;
	if (origin->root >= 0)
		close(origin->root);
	if (origin->directory >= 0)
		close(origin->directory);
	return ret;
}

static int bind_here(const struct restore_files *files, const struct unix_socket *socket, int fd)
{
	struct sockaddr_un address[2];
	socklen_t size = make_address(socket, address);
	struct origin origin;
	int ret = enter(files, socket, &origin), left;

	if (!ret && bind(fd, (struct sockaddr *)address, size))
		ret = -errno;
	left = leave(files, &origin);
	return ret ? ret : left;
}

/* Files that are there ------------------------------------------------------------------------------ */

/* Returns: a descriptor (O_PATH), or -errno. */
static int lookup_at(int parent, const char *base)
{
	int fd = openat(parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * The kernel lists sockets of this network namespace only. Connecting a socket for datagrams sends nothing, and to
 * one that listens it is refused for its kind.
 */
static bool is_bound(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound;

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", fd);
	bound = probe < 0 || !connect(probe, (struct sockaddr *)&address, sizeof(address)) ||
		errno != ECONNREFUSED;
	if (probe >= 0)
		close(probe);
	return bound;
}

/* Why a file cannot be moved away, NULL: it can. */
static const char *why_stays(const struct bound_files *bound, const struct unix_socket *socket, int fd)
{
	struct stat stat;

	/* It comes back. */
	if (socket->entry->deleted)
		return NULL;
	if (fstat(fd, &stat) || !S_ISSOCK(stat.st_mode))
		return "is no socket, and in the way of one";
	if (unix_bound_find(bound, fd) || is_bound(fd))
		return "is another socket's name";
	return NULL;
}

/* With a socket that is bound for a moment. */
static void check_abstract(struct restore_files *files, const struct unix_socket *unix_socket,
			   struct obstacles *obstacles)
{
	int fd = socket(AF_UNIX, unix_socket->entry->type | SOCK_CLOEXEC, 0);
	int ret = fd < 0 ? -errno : bind_here(files, unix_socket, fd);

	if (ret)
		obstacle(obstacles, files_name(unix_socket->file), "its abstract name: %s", strerror(-ret));
	if (fd >= 0)
		close(fd);
}

void unix_check_name(struct restore_files *files, const struct unix_socket *socket,
		     struct obstacles *obstacles)
{
	struct bound_files bound = { 0 };
	const char *base, *why = NULL;
	char *path;
	int parent, fd = -ENOENT;

	if (socket->entry->name.len && !unix_has_path(socket))
		check_abstract(files, socket, obstacles);
	if (!unix_has_path(socket) || unix_bound_read(&bound))
		return;
	path = full_path(socket);
	parent = path ? path_parent(files, path, &base) : -ENOMEM;
	if (parent >= 0)
		fd = lookup_at(parent, base);
	if (fd >= 0)
		why = why_stays(&bound, socket, fd);
	else if (parent < 0 && !socket->entry->deleted)
		why = strerror(-parent);
	if (why)
		obstacle(obstacles, path ? path : files_name(socket->file), "%s", why);
	if (fd >= 0)
		close(fd);
	if (parent >= 0)
		close(parent);
	free(path);
	free(bound.files);
}

/* Binding ------------------------------------------------------------------------------------------- */

static struct unix_aside *find_aside(struct unix_sockets *sockets, int parent, const char *base)
{
	struct stat wanted, have;

	if (fstat(parent, &wanted))
		return NULL;
	for (size_t i = 0; i < sockets->nr_asides; i++) {
		struct unix_aside *aside = &sockets->asides[i];

		if (!strcmp(aside->base, base) && !fstat(aside->parent, &have) &&
		    have.st_dev == wanted.st_dev && have.st_ino == wanted.st_ino)
			return aside;
	}
	return NULL;
}

static struct unix_aside *add_aside(struct restore_files *files, int parent, const char *base)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;
	struct unix_aside *aside = files_append(&sockets->asides, &sockets->nr_asides, sizeof(*aside));

	if (!aside)
		return NULL;
	aside->parent = fcntl(parent, F_DUPFD_CLOEXEC, files->lowest);
	aside->base = strdup(base);
	return aside->parent < 0 || !aside->base ? NULL : aside;
}

/* Returns: 1 if a file is there and may be moved, 0 if there is none, or a negative errno value, and perhaps why. */
static int may_move(const struct unix_socket *socket, int parent, const char *base,
		    const struct bound_files *bound, const char **why)
{
	int fd = lookup_at(parent, base);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	*why = why_stays(bound, socket, fd);
	close(fd);
	return *why ? -EADDRINUSE : 1;
}

static int move_away(struct unix_aside *aside)
{
	char *away = strdup(names_unique());

	if (!away)
		return -ENOMEM;
	/* First, for who has to move it back when this program is killed. */
	aside->away = away;
	if (renameat(aside->parent, aside->base, aside->parent, away)) {
		aside->away = NULL;
		free(away);
		return -errno;
	}
	return 0;
}

/* Moves away what is there. Returns: as may_move(). */
static int make_way(struct restore_files *files, const struct unix_socket *socket, int parent,
		    const char *base, const struct bound_files *bound, const char **why)
{
	struct unix_aside *aside = find_aside(files->rooms.unix_sockets, parent, base);
	int ret;

	if (aside) {
		/* There is that of a socket that was bound before; what was there first is judged again. */
		ret = aside->away ? may_move(socket, parent, aside->away, bound, why) : 0;
		if (ret < 0)
			return ret;
		return unlinkat(parent, base, 0) ? -errno : 0;
	}
	ret = may_move(socket, parent, base, bound, why);
	if (ret < 0)
		return ret;
	aside = add_aside(files, parent, base);
	if (!aside)
		return -ENOMEM;
	aside->ours = !ret;
	return ret ? move_away(aside) : 0;
}

/* Of what a descriptor is of: a user's directory may have something else at its name by now. */
static int set_permissions(const struct unix_socket *socket)
{
	const Image__FilePermsEntry *permissions = socket->entry->file_perms;

	return permissions
		       ? names_give(socket->name_fd, permissions->uid, permissions->gid, permissions->mode)
		       : 0;
}

static int bind_path(struct restore_files *files, struct unix_socket *socket, const struct bound_files *bound,
		     const char *path, const char **why)
{
	const char *base;
	int parent =
		socket->entry->deleted ? names_parent(files, path, &base) : path_parent(files, path, &base);
	int ret;

	if (parent < 0)
		return parent;
	ret = make_way(files, socket, parent, base, bound, why);
	ret = ret ?: bind_here(files, socket, socket->file->fd);
	if (!ret) {
		socket->name_fd = names_open(parent, base, S_IFSOCK);
		ret = socket->name_fd < 0 ? socket->name_fd : set_permissions(socket);
	}
	close(parent);
	return ret;
}

static int bind_one(struct restore_files *files, struct unix_socket *socket, const struct bound_files *bound,
		    const struct image_error *error)
{
	const char *why = NULL;
	char *path;
	int ret;

	if (!unix_has_path(socket)) {
		ret = bind_here(files, socket, socket->file->fd);
		errno = -ret;
		return ret ? files_fail(files, socket->file, error) : 0;
	}
	path = full_path(socket);
	ret = path ? bind_path(files, socket, bound, path, &why) : -ENOMEM;
	if (ret)
		image_error(error, ret, path ? path : files_name(socket->file),
			    "a socket cannot be bound to it: %s", why ? why : strerror(-ret));
	free(path);
	return ret;
}

/* Those that had been unlinked before all others, those that listen last: theirs is the file that stays. */
static int turn_of(const struct unix_socket *socket)
{
	if (socket->entry->deleted)
		return 0;
	return socket->entry->state == STATE_LISTEN ? 2 : 1;
}

/* Files that are names of sockets. */
struct last_files {
	struct last_file {
		dev_t dev;
		ino_t ino;
	} * files;
	size_t nr;
};

static int compare_files(const void *a, const void *b)
{
	const struct last_file *x = a, *y = b;

	COMPARE(x->dev, y->dev);
	COMPARE(x->ino, y->ino);
	return 0;
}

/* A file that stays is of a socket that was not unlinked. */
static int find_last(const struct unix_sockets *sockets, struct last_files *last)
{
	for (size_t i = 0; i < sockets->nr; i++) {
		const struct unix_socket *socket = &sockets->sockets[i];
		struct last_file *file;
		struct stat stat;

		if (socket->name_fd < 0 || socket->entry->deleted || fstat(socket->name_fd, &stat))
			continue;
		file = files_append(&last->files, &last->nr, sizeof(*file));
		if (!file)
			return -ENOMEM;
		*file = (struct last_file){ stat.st_dev, stat.st_ino };
	}
	if (last->nr)
		qsort(last->files, last->nr, sizeof(*last->files), compare_files);
	return 0;
}

static bool is_last(const struct last_files *last, const struct unix_aside *aside)
{
	struct last_file wanted;
	struct stat stat;

	if (!last->nr || fstatat(aside->parent, aside->base, &stat, AT_SYMLINK_NOFOLLOW))
		return false;
	wanted = (struct last_file){ stat.st_dev, stat.st_ino };
	return bsearch(&wanted, last->files, last->nr, sizeof(wanted), compare_files);
}

/* Not every filesystem has RENAME_NOREPLACE. */
static void bring_back(const struct unix_aside *aside)
{
	if (!renameat2(aside->parent, aside->away, aside->parent, aside->base, RENAME_NOREPLACE))
		return;
	if (linkat(aside->parent, aside->away, aside->parent, aside->base, 0))
		say_warning("%s: is called %s now: %s", aside->base, aside->away, strerror(errno));
	else
		unlinkat(aside->parent, aside->away, 0);
}

/* Takes away the files of sockets that had none any more. */
static int unlink_deleted(struct restore_files *files)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;
	struct last_files last = { 0 };
	int ret = find_last(sockets, &last);

	for (size_t i = 0; i < sockets->nr_asides && !ret; i++) {
		struct unix_aside *aside = &sockets->asides[i];

		if (is_last(&last, aside))
			continue;
		unlinkat(aside->parent, aside->base, 0);
		if (aside->away)
			bring_back(aside);
		aside->settled = true;
		free(aside->away);
		aside->away = NULL;
	}
	free(last.files);
	return ret;
}

int unix_bind_all(struct restore_files *files, const struct image_error *error)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;
	struct bound_files bound = { 0 };
	int ret = 0;

	for (int turn = 0; turn <= 2; turn++) {
		for (size_t i = 0; !ret && i < sockets->nr; i++) {
			struct unix_socket *socket = &sockets->sockets[i];

			if (!socket->entry->name.len || socket->settled || turn_of(socket) != turn)
				continue;
			if (!bound.nr && unix_has_path(socket) && unix_bound_read(&bound))
				ret = files_fail(files, socket->file, error);
			ret = ret ?: bind_one(files, socket, &bound, error);
		}
	}
	free(bound.files);
	if (ret)
		return ret;
	ret = unlink_deleted(files);
	if (ret)
		return image_error(error, ret, files->path, "%s", strerror(-ret));
	names_remove(files);
	return 0;
}

static void free_asides(struct unix_sockets *sockets)
{
	for (size_t i = 0; i < sockets->nr_asides; i++) {
		if (sockets->asides[i].parent >= 0)
			close(sockets->asides[i].parent);
		free(sockets->asides[i].base);
		free(sockets->asides[i].away);
	}
	free(sockets->asides);
	sockets->asides = NULL;
	sockets->nr_asides = 0;
}

void unix_forget_asides(struct restore_files *files)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;

	for (size_t i = 0; sockets && i < sockets->nr_asides; i++) {
		if (sockets->asides[i].away && !sockets->asides[i].settled)
			unlinkat(sockets->asides[i].parent, sockets->asides[i].away, 0);
		sockets->asides[i].settled = true;
	}
}

void unix_free_asides(struct restore_files *files)
{
	if (files->rooms.unix_sockets)
		free_asides(files->rooms.unix_sockets);
}

/* What was moved away is there under the other name, what is in its place is ours. */
static void move_back(const struct unix_aside *aside)
{
	struct stat stat;

	if (aside->away) {
		if (fstatat(aside->parent, aside->away, &stat, AT_SYMLINK_NOFOLLOW))
			return;
		renameat(aside->parent, aside->away, aside->parent, aside->base);
	} else if (aside->ours && !fstatat(aside->parent, aside->base, &stat, AT_SYMLINK_NOFOLLOW) &&
		   S_ISSOCK(stat.st_mode)) {
		unlinkat(aside->parent, aside->base, 0);
	}
}

void unix_abandon_names(struct restore_files *files)
{
	struct unix_sockets *sockets = files->rooms.unix_sockets;

	for (size_t i = 0; sockets && i < sockets->nr_asides; i++) {
		struct unix_aside *aside = &sockets->asides[i];

		if (!aside->settled && aside->base)
			move_back(aside);
		aside->settled = true;
	}
}
