/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of the unix family: between the files that make them.
 */
#ifndef RESTORE_FILES_UNIX_H
#define RESTORE_FILES_UNIX_H

#include <sys/un.h>

#include "restore/files/room.h"

struct unix_socket {
	struct restored_file *file;
	const Image__UnixSkEntry *entry;
	struct unix_socket *peer; /* NULL: none, or gone */
	int held; /* the other end of one whose peer is gone, -1: closed, or there is none */
	int name_fd; /* O_PATH, of what it is bound to, -1: no path */
	size_t awaited; /* sockets that are to connect to it before it connects to another itself */
	bool settled;
};

struct unix_sockets {
	struct unix_socket *sockets; /* by inode number */
	size_t nr;
	struct unix_aside *asides; /* names that were moved out of the way */
	size_t nr_asides;
};

/* A message that waits in a socket. */
struct queued {
	uint32_t id_for;
	uint32_t length;
	uint64_t offset; /* of the bytes, in the image */
	struct restored_file **rights; /* in flight */
	size_t nr_rights;
	bool has_creds;
	struct ucred creds;
};

struct queues {
	struct queued *messages; /* by id_for, each in the order of sending */
	size_t nr;
	bool has_creds; /* any: then processes must be there */
};

/** unix_is_pair - Whether it is one end of a pair. */
bool unix_is_pair(const struct unix_socket *socket);

/* Names --------------------------------------------------------------------------------------------- */

/** unix_has_path - Whether it is bound to a path. */
bool unix_has_path(const struct unix_socket *socket);

/** unix_name_is_sound - Whether the name is one that a dump writes. */
bool unix_name_is_sound(const Image__UnixSkEntry *entry);

/** unix_check_name - Tells what is in the way of a name. */
void unix_check_name(struct restore_files *files, const struct unix_socket *socket,
		     struct obstacles *obstacles);

/** unix_bind_all - Binds all sockets that have names. Returns: 0 or a negative errno value. */
int unix_bind_all(struct restore_files *files, const struct image_error *error);

/** unix_connect - Connects a socket to another by its name. Returns: 0 or -errno. */
int unix_connect(int fd, const struct unix_socket *to);

/** unix_forget_asides - Names that were out of the way are gone for good. */
void unix_forget_asides(struct restore_files *files);

/** unix_free_asides - Frees what is known of them. */
void unix_free_asides(struct restore_files *files);

/** unix_abandon_names - Takes away names, and brings back those that were there, unless they are gone for good. */
void unix_abandon_names(struct restore_files *files);

/* What files sockets are bound to. */
struct bound_files {
	struct bound_file {
		uint32_t device, inode; /* as the kernel tells them */
	} * files;
	size_t nr;
};

/** unix_bound_read - Asks the kernel. Returns: 0 or a negative errno value. */
int unix_bound_read(struct bound_files *bound);

/** unix_bound_find - Whether a socket is bound to a file; O_PATH will do. */
bool unix_bound_find(const struct bound_files *bound, int fd);

/* Queues -------------------------------------------------------------------------------------------- */

/** unix_queues_read - Reads sk-queues.img but for the bytes. Returns: 0, -EBADMSG, ... */
int unix_queues_read(struct restore_files *files, const struct image_error *error);

/** unix_queues_any - Whether there are messages for a socket. */
bool unix_queues_any(const struct restore_files *files, const struct unix_socket *socket);

/** unix_queues_send - Puts messages in a socket's queue, from another. Returns: 0 or a negative errno value. */
int unix_queues_send(struct restore_files *files, const struct unix_socket *to, int from,
		     const struct image_error *error);

/** unix_queues_free - Frees them. */
void unix_queues_free(struct restore_files *files);

#endif
