/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The open file descriptions of a checkpoint, made anew.
 *
 * crrestore opens every description once, before it makes any process, at numbers that no process of the
 * checkpoint uses: whoever shares a description inherits it. Each new process then puts the descriptors of its
 * table in place. What belongs to a process (locks, owners of signals) comes later.
 */
#ifndef RESTORE_FILES_H
#define RESTORE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/directory.h"

struct restore_files;

struct restore_files_options {
	bool shell_job; /* terminals of the session outside are those of this program */
	const char *root; /* directory that paths begin at, NULL: / */
	/* --inherit-fd and --external: what a descriptor of this program replaces */
	const struct restore_inherit {
		int fd;
		const char *key; /* as external_key() spells it, or a path */
		bool used; /* so far */
	} * inherit;
	size_t nr_inherit;
};

/**
 * restore_files_read - Reads and checks files.img and what belongs to it; nothing is opened or made yet.
 * @out: the caller frees it with restore_files_free()
 * @dir: the checkpoint, @path its path for messages
 *
 * Returns: 0, -EBADMSG, or another negative errno value.
 */
int restore_files_read(struct restore_files **out, int dir, const char *path,
		       const struct restore_files_options *options, const struct image_error *error);

/** restore_files_free - Frees it; NULL is allowed. Descriptors stay open. */
void restore_files_free(struct restore_files *files);

/** restore_files_lowest - A number above every descriptor of every table: what the tree does not use. */
int restore_files_lowest(const struct restore_files *files);

/**
 * restore_files_mapped - Says that a file is mapped and shared, so that its description must allow writing.
 *
 * To be called before it is opened. CRIU keeps the descriptions of mappings apart from those of descriptors, without
 * access flags; a description that a table names stays as it is.
 */
void restore_files_mapped(struct restore_files *files, uint32_t id);

/**
 * restore_files_check - Says what of this machine does not agree: paths, sizes, build ids, kinds.
 * @say: is called with one line, without a newline, for each obstacle
 *
 * Nothing is opened but with O_PATH, or changed.
 *
 * Returns: how many obstacles there are.
 */
size_t restore_files_check(struct restore_files *files, void (*say)(const char *line, void *data),
			   void *data);

/**
 * restore_files_open - Opens all descriptions in this process, with close-on-exec, from a number upwards.
 * @lowest: at least restore_files_lowest()
 *
 * Files that had been unlinked are made under a name of their own, opened, and unlinked. What is left of a socket's
 * name is moved out of the way until restore_files_commit(). After an error nothing that was made is left, and what was
 * moved is back.
 *
 * Returns: 0 or a negative errno value.
 */
int restore_files_open(struct restore_files *files, int lowest, const struct image_error *error);

/**
 * restore_files_give - Gives a description that was kept since the dump, in place of one to be opened.
 * @table, @number: a descriptor of it
 * @fd: is closed, sooner or later
 *
 * To be called before restore_files_check() or restore_files_open().
 *
 * Returns: 0, -ENOENT if there is no such file, or another negative errno value.
 */
int restore_files_give(struct restore_files *files, uint32_t table, int number, int fd);

/** restore_files_is_given - Whether the description of a descriptor was given. */
bool restore_files_is_given(const struct restore_files *files, uint32_t table, int number);

/** restore_files_has - Whether files.img has a number. */
bool restore_files_has(const struct restore_files *files, uint32_t id);

/** restore_files_access - How a number of files.img was opened: O_RDONLY, O_WRONLY or O_RDWR. */
int restore_files_access(const struct restore_files *files, uint32_t id);

/** restore_files_check_table - Whether a process's table of descriptors is there. Returns: 0 or -EBADMSG. */
int restore_files_check_table(const struct restore_files *files, uint32_t id,
			      const struct image_error *error);

/** restore_files_fd - This process's, and each new process's, descriptor for a number of files.img; -1: none. */
int restore_files_fd(const struct restore_files *files, uint32_t id);

/** restore_files_fd_of - The same for what a descriptor of a table is to be. */
int restore_files_fd_of(const struct restore_files *files, uint32_t table, int number);

/** restore_files_id_of - The number in files.img of what a descriptor of a table is to be, 0: there is none. */
uint32_t restore_files_id_of(const struct restore_files *files, uint32_t table, int number);

/** restore_files_path - Path of a regular file or directory of files.img, NULL: it is something else. */
const char *restore_files_path(const struct restore_files *files, uint32_t id);

/** restore_files_each - Calls a function for each descriptor of each table. */
void restore_files_each(const struct restore_files *files,
			void (*fn)(uint32_t table, int fd, uint32_t id, void *data), void *data);

/**
 * restore_files_install - Puts the descriptors of a table in place; called in the new process itself.
 * @table: of fdinfo-TABLE.img
 *
 * Those from @lowest upwards stay: the caller closes them at last. All others that are not of the table are closed.
 * Sockets that listen are told to again, by the process that does. Calls nothing that is not safe after clone3(2) in a
 * program of one thread.
 *
 * Returns: 0 or a negative errno value.
 */
int restore_files_install(const struct restore_files *files, uint32_t table, const struct image_error *error);

/**
 * restore_files_terminal - Gives a session its controlling terminal.
 * @sid: the calling process, which leads the session; those that it makes from then on have the terminal too
 *
 * Returns: 0, also if it had none, or a negative errno value.
 */
int restore_files_terminal(const struct restore_files *files, pid_t sid, const struct image_error *error);

/**
 * restore_files_foreground - Gives a session's terminal the foreground group that it had.
 * @sid: the calling process, when all groups of its session are there
 *
 * Returns: as restore_files_terminal().
 */
int restore_files_foreground(const struct restore_files *files, pid_t sid, const struct image_error *error);

/**
 * restore_files_finish - What could not be done before the tree and its memory were there: owners of signals, timers,
 * seals, locked terminals, messages in the name of processes. Called in crrestore, whose descriptors are still open.
 *
 * Returns: 0 or a negative errno value.
 */
int restore_files_finish(struct restore_files *files, const struct image_error *error);

/** restore_files_commit - Takes away what was kept in case that the restore would fail: it has not. */
void restore_files_commit(struct restore_files *files);

/**
 * restore_files_abandon - Takes away what was made of files, and moves back what was there, unless it is committed.
 * Allocates no memory; for NULL does nothing.
 */
void restore_files_abandon(struct restore_files *files);

#endif
