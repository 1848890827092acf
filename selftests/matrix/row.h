/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of the matrix: functions that take locks and say what is true of them.
 */
#ifndef MATRIX_ROW_H
#define MATRIX_ROW_H

#include <stdbool.h>
#include <sys/types.h>

#include "truth.h"

struct row {
	const char *name; /* NULL: the last one */
	void (*take)(void);
};

extern const struct row flock_rows[], posix_rows[], ofd_rows[], lease_rows[], waiter_rows[], place_rows[],
	view_rows[], served_rows[];

/** after_exec - What a row becomes that calls execve(2). */
void after_exec(void);

/** must - Ends the program if a system call failed. Returns: what it did. */
long must(const char *what, long result);

/** open_file - Opens a file of the working directory, which is made if it is not there. Returns: a descriptor. */
int open_file(const char *name, int flags);

/** open_file_as - Opens it as that descriptor, which a child cannot tell its parent. */
void open_file_as(const char *name, int flags, int fd);

/** range - Sets or removes a lock, by F_SETLK or F_OFD_SETLK. @end: the last byte, or TO_EOF */
void range(int fd, int command, short type, long long start, long long end);

/** child - Forks a process that does something, and then stays. Returns: its id, once it has done it. */
pid_t child(void (*act)(void));

/** waiting_child - As child(), but for one that waits in a system call for ever. Returns: once it does. */
pid_t waiting_child(void (*act)(void));

/** outsider - As child(), but for one that is not of this process's tree. It ends with the row. */
pid_t outsider(void (*act)(void));

/** SERVED - The file "posix" of a directory on NFS, where it is served. */
#define SERVED "../../served/posix"

/** lockd_has - There is also the lock of bytes 0 to 9 that lockd has set there. */
void lockd_has(int fd);

/** clone_files - Runs a task with this process's descriptors, of a process of its own. Returns: its id. It is gone. */
pid_t clone_files(void (*act)(void));

#endif
