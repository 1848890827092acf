/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes, locks and requests are called in a graph. Names of strangers are added by a function:
 * lock_buffer_printable() or lock_buffer_utf8().
 */
#ifndef CRLOCK_GRAPH_NAMES_H
#define CRLOCK_GRAPH_NAMES_H

#include "crlock/graph/graph.h"
#include "locks/buffer.h"

typedef void add_name_fn(struct lock_buffer *buffer, const char *name);

/** graph_name_process - "PID(COMM)"; of a process that is not known "?". */
void graph_name_process(struct lock_buffer *buffer, const struct graph_process *process,
			add_name_fn *add_name);

/** graph_name_lock - "KIND STATE START-END", without the range if there is none. */
void graph_name_lock(struct lock_buffer *buffer, const struct lock *lock);

/** graph_name_file - The path, or "inode MAJOR:MINOR:INODE". */
void graph_name_file(struct lock_buffer *buffer, const struct lock *lock, add_name_fn *add_name);

/**
 * graph_name_request - "for KIND TYPE START-END", the kind only if it is not the lock's; of an open "to open
 * for TYPE".
 */
void graph_name_request(struct lock_buffer *buffer, const struct graph_wait *wait);

/** graph_name_cycle - "A waits for B, who waits for A", and who else could let go. */
void graph_name_cycle(struct lock_buffer *buffer, const struct graph_cycle *cycle, add_name_fn *add_name);

#endif
