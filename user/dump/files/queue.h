/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that wait in a unix socket: they are looked at (MSG_PEEK) and stay.
 */
#ifndef DUMP_FILES_QUEUE_H
#define DUMP_FILES_QUEUE_H

#include "dump/files/state.h"

struct packet {
	uint32_t length;
	struct dump_file **rights; /* files in flight; owned, but the files are not */
	size_t nr_rights;
	bool has_sender; /* credentials */
	uint32_t pid, uid, gid;
};

struct queue {
	struct packet *packets;
	size_t nr;
};

enum queue_type {
	QUEUE_PACKETS,
	QUEUE_ENDED, /* packets, and no more can come */
	QUEUE_STREAM, /* messages have no bounds */
};

/**
 * queue_look - Looks which messages there are. Files that are in flight are taken in like all others.
 * @fd: a duplicate
 *
 * Returns: 0 or a negative errno value.
 */
int queue_look(struct dump_files *files, const struct dump_file *file, int fd, enum queue_type type,
	       struct queue *queue);

/** queue_write - Writes those that were there. Returns: 0 or a negative errno value. */
int queue_write(struct dump_files *files, const struct dump_file *file, enum queue_type type,
		const struct queue *queue);

/** queue_clear - Frees what it owns. */
void queue_clear(struct queue *queue);

#endif
