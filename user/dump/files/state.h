/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this room knows while a tree is dumped. For this room alone.
 */
#ifndef DUMP_FILES_STATE_H
#define DUMP_FILES_STATE_H

#include "dump/files/diag.h"
#include "dump/files/file.h"
#include "dump/files/inodes.h"
#include "fdinfo.pb-c.h"

/* A descriptor of a table. */
struct table_entry {
	int fd;
	bool cloexec;
	struct dump_file *file;
};

struct file_table {
	pid_t pid;
	uint32_t number;
	struct table_entry *entries; /* by descriptor */
	size_t nr;
};

/* A file that waits in messages to a socket. */
struct file_flight {
	const struct dump_file *file, *socket;
};

/* An image that gets records as they come; made with the first. */
struct file_image {
	const char *name;
	uint32_t magic;
	bool open;
	struct image_writer writer;
};

enum file_image_name {
	FILE_IMAGE_FILES,
	FILE_IMAGE_REMAP,
	FILE_IMAGE_PIPES_DATA,
	FILE_IMAGE_FIFO_DATA,
	FILE_IMAGE_SK_QUEUES,
	FILE_IMAGE_TTY_INFO,
	FILE_IMAGE_TTY_DATA,
	FILE_IMAGE_MEMFD,
	FILE_IMAGES
};

struct dump_files {
	const struct trace_tree *tree;
	struct dump_files_options options;
	struct blockers *blockers;

	struct dump_file **files; /* by id */
	size_t nr;
	uint32_t last_id;
	struct file_table *tables;
	size_t nr_tables;
	struct file_flight *flights;
	size_t nr_flights;
	bool settled;

	/* The process that was looked at last. */
	pid_t pid;
	int dir, pidfd;

	struct proc_lines *lines; /* for use meanwhile */
	struct share *share;
	void *places; /* struct dump_file, those that are no descriptors */
	uint64_t *mounts; /* ids, sorted: those that the tree sees */
	size_t nr_mounts;
	uint64_t shmem_dev; /* of memory that has no mount: memfds, mappings of /dev/zero */
	struct diag_sockets *sockets; /* NULL: not read yet */
	struct inodes ghosts, pipes, memories, unix_sockets, ttys;

	char **links; /* names that were made outside the checkpoint; owned */
	size_t nr_links;

	/* While it is written. */
	struct image_directory *directory;
	const struct image_error *error;
	struct file_image images[FILE_IMAGES];
};

/** files_of_process - Makes a process the one that dir and pidfd are of. Returns: 0 or a negative errno value. */
int files_of_process(struct dump_files *files, pid_t pid);

/** files_next_id - A number for files.img that is not given yet. */
uint32_t files_next_id(struct dump_files *files);

/**
 * files_add_in_flight - Takes in a file that was received by this program, a duplicate of what is in flight.
 * @fd: becomes its own, also after an error
 * @socket: that it is in flight to
 * @out: gets the file
 *
 * Returns: 0 or a negative errno value.
 */
int files_add_in_flight(struct dump_files *files, int fd, const struct dump_file *socket,
			struct dump_file **out);

/** files_write - Appends a record to an image. */
int files_write(struct dump_files *files, enum file_image_name image, const ProtobufCMessage *message);

/** files_write_bytes - Appends bytes to the record before them. */
int files_write_bytes(struct dump_files *files, enum file_image_name image, const void *bytes, size_t size);

/** files_write_entry - Appends to files.img; type and id are filled in. */
int files_write_entry(struct dump_files *files, const struct dump_file *file, Image__FileEntry *entry);

/**
 * files_made_link - Keeps the name of a link that was made, so that it can be taken away.
 * @path: becomes its own, also after an error, when the link is gone again
 *
 * Returns: 0 or -ENOMEM.
 */
int files_made_link(struct dump_files *files, char *path);

/** files_grow - Makes room for one more of an array. Returns: the array, NULL: there is no memory. */
void *files_grow(void *array, size_t nr, size_t size);

#endif
