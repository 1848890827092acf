/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that the images of a checkpoint say, but for the content of memory.
 */
#ifndef RESTORE_IMAGES_H
#define RESTORE_IMAGES_H

#include "image/checkpoint.h"
#include "image/inventory.h"
#include "image/saved.h"
#include "restore/files/files.h"
#include "restore/options.h"

struct images {
	int dir; /* -1: it is not open */
	Image__InventoryEntry *inventory;
	struct saved_tree tree;
	struct restore_files *files;
	struct checkpoint locks;
};

/**
 * images_read - Reads and checks the images of a checkpoint.
 * @images: the caller ends with images_close(), also after an error
 *
 * Returns: 0, -ENOENT if it is no checkpoint, -EBADMSG, or another negative errno value.
 */
int images_read(struct images *images, const struct options *options, const struct image_error *error);

/** images_close - Frees what was read. */
void images_close(struct images *images);

#endif
