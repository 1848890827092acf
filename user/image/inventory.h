/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inventory.img: says that a directory is a checkpoint.
 */
#ifndef IMAGE_INVENTORY_H
#define IMAGE_INVENTORY_H

#include "core.pb-c.h"
#include "image/directory.h"
#include "inventory.pb-c.h"

/**
 * inventory_write - Makes a directory a checkpoint, by inventory_complete(). Or completes a stream with it.
 * @root_ids: namespaces of the first process, NULL: only locks were dumped
 *
 * Returns: 0 or a negative errno value.
 */
int inventory_write(struct image_directory *directory, Image__TaskKobjIdsEntry *root_ids,
		    const struct image_error *error);

/**
 * inventory_complete - Makes a directory a checkpoint in which all is written, the inventory by the name of
 * IMAGE_INVENTORY_NEW: writes checksums.img, flushes all, and gives the inventory its name.
 * @flush: false: nothing has to be on disk
 *
 * Returns: 0 or a negative errno value.
 */
int inventory_complete(struct image_directory *directory, bool flush, const struct image_error *error);

/**
 * inventory_load - Reads the inventory.
 * @out: after success gets it; the caller frees it with image__inventory_entry__free_unpacked()
 * @dir: the directory, @path its path for messages
 *
 * Returns: as inventory_read().
 */
int inventory_load(Image__InventoryEntry **out, int dir, const char *path, const struct image_error *error);

/**
 * inventory_read - Checks the inventory.
 * @dir: the directory, @path its path for messages
 *
 * Returns: 0, -ENOENT if it is no checkpoint, -EBADMSG, or another negative errno value.
 */
int inventory_read(int dir, const char *path, const struct image_error *error);

#endif
