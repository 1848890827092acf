// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/show/images.h"
#include "crlock/show/message.h"
#include "filelocks.pb-c.h"
#include "ghost-file.pb-c.h"
#include "image/magic.h"
#include "image/records.h"
#include "memfd.pb-c.h"
#include "pipes-data.pb-c.h"
#include "remap-fpath.pb-c.h"
#include "sk-queues.pb-c.h"
#include "stats.pb-c.h"
#include "timens.pb-c.h"
#include "tty-info.pb-c.h"

struct image {
	const char *name, *file;
	uint32_t magic;
	const ProtobufCMessageDescriptor *type;
	uint32_t (*bytes)(const ProtobufCMessage *message); /* that follow a record; NULL: none */
};

static uint32_t bytes_of_pipe(const ProtobufCMessage *message)
{
	return ((const Image__PipeDataEntry *)message)->bytes;
}

static uint32_t bytes_of_packet(const ProtobufCMessage *message)
{
	return ((const Image__SkPacketEntry *)message)->length;
}

#define DATA(message) &image__##message##__descriptor

static const struct image images[] = {
	{ "filelocks", "filelocks.img", IMAGE_MAGIC_FILELOCKS, DATA(file_lock_entry), NULL },
	{ "remap-fpath", "remap-fpath.img", IMAGE_MAGIC_REMAP_FPATH, DATA(remap_file_path_entry), NULL },
	{ "pipes-data", "pipes-data.img", IMAGE_MAGIC_PIPES_DATA, DATA(pipe_data_entry), bytes_of_pipe },
	{ "fifo-data", "fifo-data.img", IMAGE_MAGIC_FIFO_DATA, DATA(pipe_data_entry), bytes_of_pipe },
	{ "sk-queues", "sk-queues.img", IMAGE_MAGIC_SK_QUEUES, DATA(sk_packet_entry), bytes_of_packet },
	{ "tty-info", "tty-info.img", IMAGE_MAGIC_TTY_INFO, DATA(tty_info_entry), NULL },
	{ "tty-data", "tty-data.img", IMAGE_MAGIC_TTY_DATA, DATA(tty_data_entry), NULL },
	{ "memfd", "memfd.img", IMAGE_MAGIC_MEMFD, DATA(memfd_inode_entry), NULL },
	{ "timens", "timens-0.img", IMAGE_MAGIC_TIMENS, DATA(timens_entry), NULL },
	{ "stats-dump", "stats-dump", IMAGE_MAGIC_STATS, DATA(stats_entry), NULL },
	{ "stats-restore", "stats-restore", IMAGE_MAGIC_STATS, DATA(stats_entry), NULL },
};

struct taking {
	const struct image *image;
	json_t *records;
};

static int add_bytes(json_t *record, struct image_reader *reader, uint32_t size,
		     const struct image_error *error)
{
	void *bytes;
	int ret;

	if (size > IMAGE_RECORD_MAX)
		return image_reader_wrong(reader, error, "the size of what follows a record is absurd");
	if (size > reader->size - reader->next)
		return image_reader_wrong(reader, error, "it is truncated");
	bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	ret = image_read_bytes(reader, bytes, size, error);
	if (!ret && json_object_set_new(record, "data", message_bytes(bytes, size)))
		ret = -ENOMEM;
	free(bytes);
	return ret;
}

static int take(struct image_reader *reader, ProtobufCMessage *message, void *data,
		const struct image_error *error)
{
	const struct taking *taking = data;
	json_t *record = message_json(message);
	uint32_t size = taking->image->bytes ? taking->image->bytes(message) : 0;
	int ret = record ? 0 : -ENOMEM;

	protobuf_c_message_free_unpacked(message, NULL);
	if (!ret && taking->image->bytes)
		ret = add_bytes(record, reader, size, error);
	if (!ret && json_array_append(taking->records, record))
		ret = -ENOMEM;
	json_decref(record);
	return ret;
}

static int add_image(json_t *out, const struct image *image, int dir, const char *path,
		     const struct image_error *error)
{
	struct taking taking = { image, json_array() };
	int ret = taking.records ? 0 : -ENOMEM;

	ret = ret ?: image_records(dir, path, image->file, image->magic, image->type, take, &taking, error);
	if (!ret && json_array_size(taking.records) && json_object_set(out, image->name, taking.records))
		ret = -ENOMEM;
	json_decref(taking.records);
	return ret;
}

/* Of each only the head is a message: pieces of the file follow, or its whole content. */
struct ghosts {
	json_t *out;
	int dir;
	const char *path;
	const struct image_error *error;
};

static int add_ghost(const char *name, uint32_t number, void *data)
{
	const struct ghosts *ghosts = data;
	struct image_reader reader;
	ProtobufCMessage *message;
	char key[16];
	int ret = image_reader_open(&reader, ghosts->dir, ghosts->path, name, IMAGE_MAGIC_GHOST_FILE,
				    ghosts->error);

	if (ret)
		return ret;
	ret = image_read(&reader, &image__ghost_file_entry__descriptor, &message, ghosts->error);
	if (!ret && !message)
		ret = image_reader_wrong(&reader, ghosts->error, "it is truncated");
	image_reader_close(&reader);
	if (ret)
		return ret;
	snprintf(key, sizeof(key), "%u", number);
	if (json_object_set_new(ghosts->out, key, message_json(message)))
		ret = image_error(ghosts->error, -ENOMEM, ghosts->path, "%s", strerror(ENOMEM));
	protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

static int add_ghosts(json_t *out, int dir, const char *path, const struct image_error *error)
{
	struct ghosts ghosts = { json_object(), dir, path, error };
	int ret = ghosts.out ? 0 : -ENOMEM;

	ret = ret ?: image_numbered(dir, path, "ghost-file", add_ghost, &ghosts, error);
	if (!ret && json_object_size(ghosts.out) && json_object_set(out, "ghost-file", ghosts.out))
		ret = -ENOMEM;
	json_decref(ghosts.out);
	return ret;
}

int images_json(json_t **out, int dir, const char *path, const struct image_error *error)
{
	int ret;

	*out = json_object();
	ret = *out ? 0 : -ENOMEM;
	for (size_t i = 0; i < sizeof(images) / sizeof(*images) && !ret; i++)
		ret = add_image(*out, &images[i], dir, path, error);
	ret = ret ?: add_ghosts(*out, dir, path, error);
	if (ret == -ENOMEM)
		image_error(error, ret, path, "%s", strerror(ENOMEM));
	return ret;
}
