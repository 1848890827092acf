/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading below /proc. A process is named by a descriptor of its directory, so that a process that
 * gets the id of one that is gone is never taken for it: reading then fails with -ESRCH.
 *
 * Functions return a negative errno value on failure, and never open a file of the process itself,
 * for that would break its leases.
 */
#ifndef PROCFS_FILE_H
#define PROCFS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "procfs/text.h"

/** proc_open - Opens the directory of a process. Returns: a descriptor, or -ENOENT and others. */
int proc_open(pid_t pid);

/**
 * proc_is_ours - Whether the numbers in /proc are those of the pid namespace that this process is in.
 *
 * They are not where a process was started in a new one and /proc is still the old: then a number means one
 * process there, and another one to system calls.
 */
bool proc_is_ours(void);

/* What is said then. */
#define PROC_IS_FOREIGN \
	"/proc is that of another pid namespace (mount -t proc proc /proc mounts that of this one)"

/**
 * proc_read - Reads a small file.
 * @dir: directory, or AT_FDCWD with an absolute name
 * @buf: gets the text and a NUL; what does not fit is left out
 *
 * Returns: how many bytes, without the NUL.
 */
ssize_t proc_read(int dir, const char *name, char *buf, size_t size);

/**
 * proc_link - Reads where a link points.
 * @buf: gets the text and a NUL
 *
 * Returns: how many bytes, without the NUL; -ENAMETOOLONG if it does not fit.
 */
ssize_t proc_link(int dir, const char *name, char *buf, size_t size);

/* Longer lines are cut; those of maps are the longest, with each byte of a path escaped. */
#define PROC_LINE_MAX (32 * 1024)

/** struct proc_lines - A file that is read line by line, whatever its length. */
struct proc_lines {
	int fd;
	size_t start, end; /* of what was read and not yet given */
	bool eof;
	bool cut; /* the rest of a line that did not fit is still to be read */
	char buf[PROC_LINE_MAX];
};

/** proc_lines_open - Opens a file; the caller closes it with proc_lines_close(). */
int proc_lines_open(struct proc_lines *lines, int dir, const char *name);

/**
 * proc_lines_next - Reads the next line.
 * @line: gets the line, without its newline, good until the next call
 *
 * Returns: 1, or 0 at the end.
 */
int proc_lines_next(struct proc_lines *lines, struct proc_text *line);

/** proc_lines_close - Closes it. */
void proc_lines_close(struct proc_lines *lines);

struct proc_numbers;

/**
 * proc_numbers_open - Opens a directory whose names are numbers: processes, threads, descriptors.
 * @out: the caller closes it with proc_numbers_close()
 */
int proc_numbers_open(struct proc_numbers **out, int dir, const char *name);

/** proc_numbers_next - Gives the next one. Returns: 1, or 0 at the end. */
int proc_numbers_next(struct proc_numbers *numbers, int *number);

/** proc_numbers_close - Closes it. */
void proc_numbers_close(struct proc_numbers *numbers);

#endif
