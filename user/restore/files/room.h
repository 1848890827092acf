/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of this room. A kind of file is one source file here, with a struct file_kind.
 *
 * What an image can make root do: open any path of the machine, with the access that the image asks for, and
 * give the descriptor to the processes of the image; make an unlinked file, of any owner and mode, in any
 * directory; bind sockets to any address, in place of a socket's name that nobody is bound to; unlink a
 * link_remap.N; reserve memory for what pipes and sockets hold. To restore an image is to trust it as one trusts a
 * program that is run as root. What is checked here is that an image cannot make more of this program than that:
 * no path leaves --root, nothing else is created under a name that lasts, truncated or overwritten, and no number of
 * an image is used before it was looked up.
 */
#ifndef RESTORE_FILES_ROOM_H
#define RESTORE_FILES_ROOM_H

#include <errno.h>

#include "fdinfo.pb-c.h"
#include "files.pb-c.h"
#include "image/container.h"
#include "image/magic.h"
#include "restore/files/files.h"

struct file_kind;

/* An open file description. */
struct restored_file {
	Image__FileEntry *entry;
	const struct file_kind *kind;
	uint32_t id;
	uint32_t flags; /* O_*, as F_GETFL told */
	const Image__FownEntry *fown; /* NULL: none */
	int fd; /* -1: not open */
	int given; /* the description itself, kept since the dump; -1: none */
	int number; /* the lowest of any table, -1: none names it */
	bool claimed; /* only tells the path of something else, and is not opened as it is */
};

struct restored_descriptor {
	int fd;
	bool cloexec;
	struct restored_file *file;
};

/* A table of descriptors, in ascending order. */
struct restored_table {
	uint32_t id;
	struct restored_descriptor *descriptors;
	size_t nr;
};

/* What each kind keeps for all of its files. */
struct kind_rooms {
	struct ghosts *ghosts;
	struct epoll_places *epoll_places;
	struct pipes *pipes;
	struct fifos *fifos;
	struct queues *queues;
	struct unix_sockets *unix_sockets;
	struct terminals *terminals;
	struct memfds *memfds;
};

struct restore_files {
	int dir; /* the checkpoint */
	char *path;
	int root; /* -1: / */
	bool shell_job;
	struct restore_inherit *inherit;
	size_t nr_inherit;
	struct restored_file *files; /* by id */
	size_t nr_files;
	struct restored_table *tables; /* by id */
	size_t nr_tables;
	int lowest; /* above all descriptors of all tables */
	int next; /* number that the next file gets, or a higher one */
	struct lease_table *leases; /* of others */
	struct made_names {
		struct made_name *names;
		size_t nr;
	} names; /* to be taken away */
	bool opened; /* or some of it: there is something to abandon */
	struct kind_rooms rooms;
};

struct obstacles {
	void (*say)(const char *line, void *data);
	void *data;
	size_t nr;
};

/* How files of one kind are handled. All but name and describe may be NULL. */
struct file_kind {
	const char *name;
	/* Fills in flags and fown. Returns: whether the record has what it must have. */
	bool (*describe)(struct restored_file *file);
	/* Reads other images of the kind, and checks; called once, also if there are no such files. */
	int (*read)(struct restore_files *files, const struct image_error *error);
	/* Checks one file, after all was read. */
	int (*validate)(struct restore_files *files, struct restored_file *file,
			const struct image_error *error);
	void (*check)(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles);
	/* Once, before the first file is opened. */
	int (*prepare)(struct restore_files *files, const struct image_error *error);
	/* Opens it with files_keep(). */
	int (*open)(struct restore_files *files, struct restored_file *file, const struct image_error *error);
	/* Once, after all files of all kinds are open. */
	int (*complete)(struct restore_files *files, const struct image_error *error);
	/* Each descriptor, in the process that it is put into. */
	void (*installed)(const struct restored_file *file, int fd);
	/* Each that is open, when the processes are there. */
	int (*finish)(struct restore_files *files, struct restored_file *file,
		      const struct image_error *error);
	/* Once, when the tree goes on: what was kept in case that it does not is taken away. */
	void (*commit)(struct restore_files *files);
	/* After an error, or when this program was killed: what was made is taken away. */
	void (*abandon)(struct restore_files *files);
	/* Once, at the end. */
	void (*free)(struct restore_files *files);
};

extern const struct file_kind regular_kind, pipe_kind, fifo_kind, eventfd_kind, epoll_kind, signalfd_kind,
	timerfd_kind, inotify_kind, unix_kind, inet_kind, tty_kind, memfd_kind;

/** files_find - The description with a number, NULL: there is none. */
struct restored_file *files_find(const struct restore_files *files, uint32_t id);

/** files_find_table - The table with a number, NULL: there is none. */
const struct restored_table *files_find_table(const struct restore_files *files, uint32_t id);

/** files_result - What a system call has returned, or -errno. */
static inline int files_result(int ret)
{
	return ret < 0 ? -errno : ret;
}

/**
 * files_keep - Moves a descriptor above all numbers that processes use; it is file->fd then.
 * @fd: is closed; negative: what was to make it has failed, with this error
 *
 * Returns: 0 or a negative errno value.
 */
int files_keep(struct restore_files *files, struct restored_file *file, int fd,
	       const struct image_error *error);

/** files_move - The same, for what is no file of files.img. Returns: the new descriptor or -errno. */
int files_move(struct restore_files *files, int fd);

/** files_fail - Says that a file cannot be restored, and why: errno. Returns: -errno. */
int files_fail(const struct restore_files *files, const struct restored_file *file,
	       const struct image_error *error);

/** files_wrong - Says what is wrong with the record of a file. Returns: -EBADMSG. */
int files_wrong(const struct restore_files *files, const struct restored_file *file,
		const struct image_error *error, const char *what);

/** files_name - What to call a file in messages: a path, or "pipe 12"; good until the next call. */
const char *files_name(const struct restored_file *file);

/** files_set_flags - Sets what F_SETFL can set, if it is not so already. Returns: 0 or -errno. */
int files_set_flags(int fd, uint32_t flags);

/** obstacle - Tells one. */
void obstacle(struct obstacles *obstacles, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An image that need not be there --------------------------------------------------------------------- */

/*
 * Takes in a record: owns the message, and reads the bytes that follow it. Returns: 0, -EBADMSG, or -ENOMEM,
 * which needs no line.
 */
typedef int files_take(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		       void *data, const struct image_error *error);

/** files_read_image - Reads all records of an image. Returns: 0, also if there is no such image, -EBADMSG, ... */
int files_read_image(struct restore_files *files, const char *name, uint32_t magic,
		     const ProtobufCMessageDescriptor *type, files_take *take, void *data,
		     const struct image_error *error);

/** files_append - Makes room in an array for one more. Returns: it, zeroed, or NULL without memory. */
void *files_append(void *array, size_t *nr, size_t size);

/* No honest image needs more: of all numbers of anything. */
#define FILES_MAX (1U << 22)

/* Above this no descriptor can be: /proc/sys/fs/nr_open has no larger values. */
#define FILES_FD_MAX ((1 << 30) - 1)

#endif
