/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --pidfile: the file that tells the first process's pid. It is written while the restore can still be undone, and is
 * then as it was.
 */
#ifndef RESTORE_PIDFILE_H
#define RESTORE_PIDFILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A file that is larger is none for a pid, and is not overwritten. */
#define PIDFILE_MAX 4096

struct pidfile {
	const char *path;
	int fd; /* -1: it is not open */
	bool regular;
	atomic_bool made; /* nobody had made it before */
	atomic_bool written;
	char before[PIDFILE_MAX];
	size_t before_size;
};

#define PIDFILE_INIT \
	{ \
		.fd = -1 \
	}

/**
 * pidfile_write - Writes a pid into a file, which is made if it is not there.
 * @pidfile: PIDFILE_INIT; the caller ends with pidfile_close()
 * @path: is borrowed. What is no regular file, such as a pipe, cannot be put back.
 *
 * What is wrong is printed, and the file is as it was then.
 *
 * Returns: 0 or the exit status.
 */
int pidfile_write(struct pidfile *pidfile, const char *path, pid_t pid);

/**
 * pidfile_put_back - Puts back what was in the file, or removes it if it was not there.
 *
 * It can be called at any point of pidfile_write(), from another process that has this one's memory and descriptors.
 */
void pidfile_put_back(struct pidfile *pidfile);

/** pidfile_close - Closes the file, as it is. */
void pidfile_close(struct pidfile *pidfile);

#endif
