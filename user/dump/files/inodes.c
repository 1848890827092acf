// SPDX-License-Identifier: GPL-2.0-or-later
#include <search.h>
#include <stdlib.h>

#include "dump/files/inodes.h"

static int compare(const void *x, const void *y)
{
	const struct inode *a = x, *b = y;

	return ((a->dev > b->dev) - (a->dev < b->dev)) ?: ((a->ino > b->ino) - (a->ino < b->ino));
}

void *inodes_find(const struct inodes *inodes, uint64_t dev, uint64_t ino)
{
	const struct inode key = { .dev = dev, .ino = ino };
	struct inode **node = tfind(&key, &inodes->tree, compare);

	return node ? *node : NULL;
}

void *inodes_add(struct inodes *inodes, uint64_t dev, uint64_t ino, size_t size)
{
	struct inode *inode = calloc(1, size);

	if (!inode)
		return NULL;
	inode->dev = dev;
	inode->ino = ino;
	if (!tsearch(inode, &inodes->tree, compare)) {
		free(inode);
		return NULL;
	}
	if (inodes->last)
		inodes->last->next = inode;
	else
		inodes->first = inode;
	inodes->last = inode;
	inodes->nr++;
	return inode;
}

void inodes_free(struct inodes *inodes)
{
	tdestroy(inodes->tree, free);
	*inodes = (struct inodes){ 0 };
}
