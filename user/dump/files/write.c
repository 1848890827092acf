// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what is known to images.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/files/ghost.h"
#include "dump/files/state.h"
#include "image/magic.h"

static const struct file_image images[FILE_IMAGES] = {
	[FILE_IMAGE_FILES] = { "files.img", IMAGE_MAGIC_FILES },
	[FILE_IMAGE_REMAP] = { "remap-fpath.img", IMAGE_MAGIC_REMAP_FPATH },
	[FILE_IMAGE_PIPES_DATA] = { "pipes-data.img", IMAGE_MAGIC_PIPES_DATA },
	[FILE_IMAGE_FIFO_DATA] = { "fifo-data.img", IMAGE_MAGIC_FIFO_DATA },
	[FILE_IMAGE_SK_QUEUES] = { "sk-queues.img", IMAGE_MAGIC_SK_QUEUES },
	[FILE_IMAGE_TTY_INFO] = { "tty-info.img", IMAGE_MAGIC_TTY_INFO },
	[FILE_IMAGE_TTY_DATA] = { "tty-data.img", IMAGE_MAGIC_TTY_DATA },
	[FILE_IMAGE_MEMFD] = { "memfd.img", IMAGE_MAGIC_MEMFD },
};

static int open_image(struct dump_files *files, struct file_image *image)
{
	int ret;

	if (image->open)
		return 0;
	ret = image_writer_open(&image->writer, files->directory, image->name, image->magic, files->error);
	image->open = !ret;
	return ret;
}

int files_write(struct dump_files *files, enum file_image_name image, const ProtobufCMessage *message)
{
	int ret = open_image(files, &files->images[image]);

	return ret ? ret : image_write(&files->images[image].writer, message, files->error);
}

int files_write_bytes(struct dump_files *files, enum file_image_name image, const void *bytes, size_t size)
{
	return image_write_bytes(&files->images[image].writer, bytes, size, files->error);
}

int files_write_entry(struct dump_files *files, const struct dump_file *file, Image__FileEntry *entry)
{
	entry->type = file->kind->type;
	entry->id = file->id;
	return files_write(files, FILE_IMAGE_FILES, &entry->base);
}

/* Links -------------------------------------------------------------------------------------------- */

int files_made_link(struct dump_files *files, char *path)
{
	char **links = files_grow(files->links, files->nr_links, sizeof(*links));

	if (!links) {
		unlink(path);
		free(path);
		return -ENOMEM;
	}
	files->links = links;
	links[files->nr_links++] = path;
	return 0;
}

void dump_files_undo(struct dump_files *files)
{
	for (size_t i = 0; i < files->nr_links; i++) {
		unlink(files->links[i]);
		free(files->links[i]);
	}
	files->nr_links = 0;
}

/* Tables ------------------------------------------------------------------------------------------- */

static int write_descriptors(const struct dump_files *files, const struct file_table *table,
			     struct image_writer *writer)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < table->nr; i++) {
		const struct table_entry *entry = &table->entries[i];
		Image__FdinfoEntry message = IMAGE__FDINFO_ENTRY__INIT;

		message.id = entry->file->id;
		message.flags = entry->cloexec ? FD_CLOEXEC : 0;
		message.type = entry->file->kind->type;
		message.fd = entry->fd;
		ret = image_write(writer, &message.base, files->error);
	}
	return ret;
}

static int write_table(struct dump_files *files, const struct file_table *table)
{
	struct image_writer writer;
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "fdinfo-%u.img", table->number);
	ret = image_writer_open(&writer, files->directory, name, IMAGE_MAGIC_FDINFO, files->error);
	if (ret)
		return ret;
	return image_writer_close(&writer, write_descriptors(files, table, &writer), files->error);
}

static int write_all(struct dump_files *files)
{
	int ret = open_image(files, &files->images[FILE_IMAGE_FILES]);

	for (size_t i = 0; !ret && i < files->nr; i++)
		ret = files->files[i]->kind->write(files, files->files[i]);
	for (size_t i = 0; !ret && i < files->nr_tables; i++)
		ret = write_table(files, &files->tables[i]);
	return ret ? ret : ghosts_write(files);
}

int dump_files_write(struct dump_files *files, struct image_directory *directory,
		     const struct image_error *error)
{
	int ret = dump_files_settle(files);

	/* The caller goes by the blockers, but to write what is not whole would be worse than to say it twice. */
	if (!ret && files->blockers->nr)
		ret = -EBUSY;
	if (ret)
		return image_error(error, ret, "files.img", "%s", strerror(-ret));
	files->directory = directory;
	files->error = error;
	memcpy(files->images, images, sizeof(images));
	ret = write_all(files);
	for (size_t i = 0; i < FILE_IMAGES; i++) {
		if (files->images[i].open)
			ret = image_writer_close(&files->images[i].writer, ret, error);
	}
	if (ret)
		dump_files_undo(files);
	return ret;
}
