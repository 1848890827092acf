/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One open file description, and the kinds of them. For this room alone.
 */
#ifndef DUMP_FILES_FILE_H
#define DUMP_FILES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dump/files/files.h"
#include "files.pb-c.h"
#include "image/container.h"
#include "procfs/fdinfo.h"

/* Where a file can be looked at: below /proc/PID. */
struct file_source {
	pid_t pid; /* that of this program for what is in flight */
	int fd; /* -1: it is no descriptor */
	uint64_t start, end; /* of a mapping; 0: it is none */
	const char *link; /* "exe", "cwd", "root"; NULL: it is none */
	const struct dump_file *socket; /* that it is in flight to; NULL: it is not */
};

/* What statx(2) tells and is needed here. */
struct file_stat {
	uint64_t dev; /* as makedev(3) has it */
	uint64_t ino;
	uint64_t mnt_id;
	uint32_t mode;
	uint32_t uid, gid;
	uint32_t nlink;
	uint64_t rdev;
	uint64_t size;
	uint64_t blocks;
};

struct file_kind;

struct dump_file {
	uint32_t id; /* in files.img */
	const struct file_kind *kind;
	struct file_source source;
	char *path; /* what the link says; owned */
	struct file_stat stat;
	int64_t pos;
	uint32_t flags; /* of open(2), without O_CLOEXEC */
	Image__FownEntry owner;
	uint64_t module_id; /* of crlock.ko, 0: not known */
	void *own; /* of its kind */
};

/*
 * A kind of files. Functions may be NULL; they return 0 or a negative errno value. What stands in the way of
 * a dump is no error: file_block() says it.
 */
struct file_kind {
	Image__FdTypes type;
	size_t size; /* of dump_file.own, zeroed */

	/* line - Takes in a line of fdinfo that is not common to all files. */
	int (*line)(struct dump_file *file, struct proc_text line);

	/* look - Looks at a description that is new. @fd: a duplicate, -1 for mappings and links. */
	int (*look)(struct dump_files *files, struct dump_file *file, int fd);

	/* settle - Looks at what all of the tree's files together tell. */
	int (*settle)(struct dump_files *files, struct dump_file *file);

	/* write - Writes it. */
	int (*write)(struct dump_files *files, struct dump_file *file);

	/* clear - Frees what own has, not itself. */
	void (*clear)(struct dump_file *file);
};

/** file_kind_of - Says which kind a file is, by its path, stat and flags; never NULL. */
const struct file_kind *file_kind_of(const struct dump_files *files, const struct dump_file *file);

/** file_kind_of_socket - Says which kind a socket is. @fd: a duplicate. */
const struct file_kind *file_kind_of_socket(int fd);

/** file_block - Says that a file stands in the way of the dump, and why: "PID: descriptor FD: ...". */
void file_block(struct dump_files *files, const struct dump_file *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
