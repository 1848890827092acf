/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checkpoints written by hand, and restored by user/restore/files.
 */
#ifndef SELFTESTS_RESTORE_CHECKPOINT_H
#define SELFTESTS_RESTORE_CHECKPOINT_H

#include <sys/socket.h>

#include "fdinfo.pb-c.h"
#include "files.pb-c.h"
#include "ghost-file.pb-c.h"
#include "image/container.h"
#include "image/magic.h"
#include "memfd.pb-c.h"
#include "pagemap.pb-c.h"
#include "pipes-data.pb-c.h"
#include "remap-fpath.pb-c.h"
#include "restore/files/files.h"
#include "sk-queues.pb-c.h"
#include "tty-info.pb-c.h"

#define IMAGES_MAX 16

/* A directory of files, which tests are in, and one of images. */
struct made_checkpoint {
	char work[64];
	char images[80];
	struct image_directory directory;
	struct image_writer writers[IMAGES_MAX];
	size_t nr_writers;
	struct restore_files_options options;
	struct restore_files *files; /* when it was read */
	char text[4096];
	struct image_error error;
};

/** begin - Makes the directories, and goes there. */
void begin(struct made_checkpoint *checkpoint);

/** end - Takes all away, and closes what is above the usual descriptors. */
void end(struct made_checkpoint *checkpoint);

/** put - Appends a record to an image, and bytes behind it. */
void put(struct made_checkpoint *checkpoint, const char *name, uint32_t magic, const void *message,
	 const void *bytes, size_t size);

/** put_file - Appends a record of a kind to files.img. @message: of that kind */
void put_file(struct made_checkpoint *checkpoint, Image__FdTypes type, uint32_t id, void *message);

/** put_fd - Puts a descriptor into a table. */
void put_fd(struct made_checkpoint *checkpoint, uint32_t table, int fd, Image__FdTypes type, uint32_t id,
	    uint32_t flags);

/** put_regular - Appends a file with a path, below the directory of files unless it is absolute. */
void put_regular(struct made_checkpoint *checkpoint, uint32_t id, const char *path, uint32_t flags,
		 uint64_t pos, uint32_t mode);

/** open_checkpoint - Ends writing, reads it and opens all. Returns: as restore_files_open(). */
int open_checkpoint(struct made_checkpoint *checkpoint);

/** read_checkpoint - Ends writing, and reads it. Returns: as restore_files_read(). */
int read_checkpoint(struct made_checkpoint *checkpoint);

/**
 * in_process - Has a function run by a new process that has a table in place.
 *
 * Returns: what it returns; 100 if the table could not be put in place.
 */
int in_process(struct made_checkpoint *checkpoint, uint32_t table, int (*fn)(void *data), void *data);

/** complaints - Standard error, where a table does not reach it. */
extern int complaints;

/** Options of a socket as it is new; an owner that is nobody. */
extern Image__SkOptsEntry no_options;
extern Image__FownEntry nobody;

#endif
