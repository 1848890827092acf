/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Things of which there is one for each inode, in the order that they came in.
 */
#ifndef DUMP_FILES_INODES_H
#define DUMP_FILES_INODES_H

#include <stddef.h>
#include <stdint.h>

/* The first member of a thing, which is of malloc(3). */
struct inode {
	uint64_t dev, ino;
	struct inode *next;
};

/* All zero: empty. */
struct inodes {
	void *tree;
	struct inode *first, *last;
	size_t nr;
};

/** inodes_find - Finds the thing of an inode; NULL: there is none. */
void *inodes_find(const struct inodes *inodes, uint64_t dev, uint64_t ino);

/**
 * inodes_add - Makes a thing for an inode that has none yet.
 * @size: of it; it is zeroed but for its first member
 *
 * Returns: the thing, which belongs to the list; NULL: there is no memory.
 */
void *inodes_add(struct inodes *inodes, uint64_t dev, uint64_t ino, size_t size);

/** inodes_free - Frees all and empties it. */
void inodes_free(struct inodes *inodes);

#endif
