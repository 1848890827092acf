/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a test's files are, and what the kernel tells of a descriptor without the module.
 */
#ifndef KMOD_PLACE_H
#define KMOD_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct place {
	char path[64];
};

/** place_enter - Makes a directory on a tmpfs and changes to it. Returns: whether that was possible. */
bool place_enter(struct place *place);

/** place_leave - Removes it, with what is mounted in it. */
void place_leave(struct place *place);

/** file_new - Makes a file of 100 bytes in the current directory and opens it. Returns: as open(2). */
int file_new(const char *name, int flags);

/** file_lock - Locks a range of a file by F_SETLK or its like. Returns: as fcntl(2). */
int file_lock(int fd, int command, int type, off_t start, off_t len);

/* What /proc says of a descriptor. */
struct truth {
	int mnt_id;
	uint64_t ino;
	int64_t pos;
	uint32_t flags; /* with O_CLOEXEC if it is so of the descriptor */
	bool has_dev; /* the mount is one of those that are listed */
	uint32_t dev_major, dev_minor; /* of the superblock */
};

/** truth_read - Reads it, of a thread's descriptor. Returns: whether that was possible. */
bool truth_read(struct truth *truth, pid_t tid, int fd);

/** number_write - Writes a number to a file of /proc/sys or the like. Returns: whether it was taken. */
bool number_write(const char *name, unsigned long long number);

/** number_read - Reads a number from such a file. */
unsigned long long number_read(const char *name);

#endif
