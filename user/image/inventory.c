// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <time.h>

#include "image/container.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "inventory.pb-c.h"

/* Images that begin with two magic numbers. */
#define IMAGE_VERSION 2

static void fill_in(Image__InventoryEntry *message, Image__TaskKobjIdsEntry *root_ids)
{
	struct timespec uptime;

	clock_gettime(CLOCK_MONOTONIC, &uptime);
	message->img_version = IMAGE_VERSION;
	message->has_fdinfo_per_id = true;
	message->fdinfo_per_id = true;
	message->root_ids = root_ids;
	message->has_ns_per_id = root_ids != NULL;
	message->ns_per_id = true;
	message->has_lsmtype = true;
	message->has_dump_uptime = true;
	message->dump_uptime = uptime.tv_sec * 1000ULL + uptime.tv_nsec / 1000000;
}

int inventory_write(struct image_directory *directory, Image__TaskKobjIdsEntry *root_ids,
		    const struct image_error *error)
{
	Image__InventoryEntry message = IMAGE__INVENTORY_ENTRY__INIT;
	int ret;

	fill_in(&message, root_ids);
	ret = image_write_one(directory, directory->stream ? IMAGE_INVENTORY : IMAGE_INVENTORY_NEW,
			      IMAGE_MAGIC_INVENTORY, &message.base, error);
	if (ret || !directory->stream)
		return ret ? ret : inventory_complete(directory, true, error);
	return image_directory_complete(directory, error);
}

int inventory_complete(struct image_directory *directory, bool flush, const struct image_error *error)
{
	int ret = checksums_write(directory, error);

	if (!ret && flush)
		ret = image_directory_flush(directory, error);
	ret = ret ? ret : image_directory_replace(directory, IMAGE_INVENTORY_NEW, IMAGE_INVENTORY, error);
	return ret || !flush ? ret : image_directory_flush(directory, error);
}

int inventory_load(Image__InventoryEntry **out, int dir, const char *path, const struct image_error *error)
{
	struct image_reader reader;
	ProtobufCMessage *message = NULL;
	int ret;

	*out = NULL;
	ret = image_reader_open(&reader, dir, path, IMAGE_INVENTORY, IMAGE_MAGIC_INVENTORY, error);
	if (ret == -ENOENT)
		return image_error(error, ret, path, "no checkpoint: there is no %s", IMAGE_INVENTORY);
	if (ret)
		return ret;
	ret = image_read(&reader, &image__inventory_entry__descriptor, &message, error);
	if (!ret && !message)
		ret = image_reader_wrong(&reader, error, "it is truncated");
	else if (!ret && ((Image__InventoryEntry *)message)->img_version != IMAGE_VERSION)
		ret = image_reader_wrong(&reader, error, "images of another version");
	image_reader_close(&reader);
	if (!ret)
		*out = (Image__InventoryEntry *)message;
	else if (message)
		protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

int inventory_read(int dir, const char *path, const struct image_error *error)
{
	Image__InventoryEntry *inventory;
	int ret = inventory_load(&inventory, dir, path, error);

	if (!ret)
		image__inventory_entry__free_unpacked(inventory, NULL);
	return ret;
}
