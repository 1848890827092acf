/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a checkpoint of locks says, in memory: read from and written to filelocks.img and crlock.img.
 */
#ifndef IMAGE_CHECKPOINT_H
#define IMAGE_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/directory.h"
#include "image/lookup.h"
#include "locks/lock.h"
#include "locks/queues.h"

/* A process that was dumped. */
struct checkpoint_process {
	pid_t pid;
	pid_t ppid;
	uint64_t files_id; /* of its table of descriptors, compare struct crlock_lock.owner_id; 0: unknown */
	char *comm;
};

/* An open file description that has locks. */
struct checkpoint_file {
	uint64_t id; /* as file_id of locks and holders; never 0: made up where the source does not tell */
	char *path;
	uint32_t flags; /* O_* */
	uint32_t mode; /* st_mode */
	int64_t pos;
	uint64_t size;
	/* As stat(2) through the descriptor tells them, which is what a restorer can compare. */
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	uint32_t generation; /* FS_IOC_GETVERSION is not asked: the module's; 0: unknown */
	bool deleted;
	int mnt_id;
	uint32_t in_flight; /* number in files.img of what waits in messages of the tree; 0: it does not */
	struct crlock_holder *holders; /* in dumped processes, and outside */
	size_t nr_holders;
};

struct checkpoint {
	uint64_t dump_time_ms; /* CLOCK_REALTIME */
	enum lock_source source;
	uint32_t lease_break_time; /* /proc/sys/fs/lease-break-time, seconds */
	struct checkpoint_process *processes;
	size_t nr_processes;
	struct image_lookup by_pid; /* of them; if it has not all they are looked through */
	struct checkpoint_file *files;
	size_t nr_files;
	struct image_lookup by_id; /* the same */
	struct lock_list locks; /* row.file_id names the description; deadlines as of dump_time_ms */
	struct lock_queues queues; /* threads that wait for what others of them wait for too */
};

/** checkpoint_free - Frees what a checkpoint owns and empties it. */
void checkpoint_free(struct checkpoint *checkpoint);

/** checkpoint_note_process - Has the last process be found sooner. Returns: 0 or -ENOMEM. */
int checkpoint_note_process(struct checkpoint *checkpoint);

/** checkpoint_note_file - Has the last file be found sooner. Returns: 0 or -ENOMEM. */
int checkpoint_note_file(struct checkpoint *checkpoint);

/** checkpoint_process_of - The process with a pid, NULL: it was not dumped. */
const struct checkpoint_process *checkpoint_process_of(const struct checkpoint *checkpoint, pid_t pid);

/** checkpoint_has_process - Whether a process was dumped. */
bool checkpoint_has_process(const struct checkpoint *checkpoint, pid_t pid);

/** checkpoint_file_of - The description with an id, NULL: there is none. */
const struct checkpoint_file *checkpoint_file_of(const struct checkpoint *checkpoint, uint64_t id);

/**
 * checkpoint_has_descriptor - Whether one of the processes that were dumped has a descriptor of a description;
 * else only mappings or messages have it.
 */
bool checkpoint_has_descriptor(const struct checkpoint *checkpoint, const struct checkpoint_file *file);

/**
 * checkpoint_mapping_of - The mapping that has a description, if mappings have it alone.
 *
 * Returns: the first of such mappings, NULL: there is none.
 */
const struct crlock_holder *checkpoint_mapping_of(const struct checkpoint *checkpoint,
						  const struct checkpoint_file *file);

/**
 * checkpoint_read - Reads a checkpoint, which is not trusted: everything is checked.
 * @checkpoint: the caller frees it with checkpoint_free(), also after an error
 * @dir: path of the directory
 * @why: after an error gets one line, without a newline, that names the file and what is wrong
 * @size: of @why
 *
 * Returns: 0, -ENOENT (no checkpoint there: without inventory.img), -EBADMSG (truncated, foreign or not
 * consistent), or another negative errno value.
 */
int checkpoint_read(struct checkpoint *checkpoint, const char *dir, char *why, size_t size);

/** checkpoint_write - Writes filelocks.img and crlock.img. Returns: 0 or a negative errno value. */
int checkpoint_write(const struct checkpoint *checkpoint, struct image_directory *directory,
		     const struct image_error *error);

#endif
