// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/show/files.h"
#include "image/magic.h"
#include "image/records.h"
#include "remap-fpath.pb-c.h"

/* Some more of an array. Returns: the new element, zeroed, or NULL. */
static void *append(void *array, size_t *nr, size_t size)
{
	void **elements = array;

	/* Doubled at powers of two. */
	if (!(*nr & (*nr - 1))) {
		void *larger = reallocarray(*elements, *nr ? 2 * *nr : 1, size);

		if (!larger)
			return NULL;
		*elements = larger;
	}
	return memset((char *)*elements + size * (*nr)++, 0, size);
}

/* files.img ---------------------------------------------------------------------------------------- */

static bool set_flags(struct shown_file *file, uint32_t flags)
{
	file->has_flags = true;
	file->flags = flags;
	return true;
}

static bool set_pos(struct shown_file *file, uint64_t pos)
{
	file->has_pos = true;
	file->pos = pos;
	return true;
}

/* Returns: whether the record has what belongs to its kind. */
static bool describe(struct shown_file *file)
{
	const Image__FileEntry *entry = file->entry;

	switch (entry->type) {
	case IMAGE__FD_TYPES__REG:
		return entry->reg && set_flags(file, entry->reg->flags) && set_pos(file, entry->reg->pos);
	case IMAGE__FD_TYPES__PIPE:
		return entry->pipe && set_flags(file, entry->pipe->flags);
	case IMAGE__FD_TYPES__FIFO:
		return entry->fifo;
	case IMAGE__FD_TYPES__INETSK:
		return entry->isk && set_flags(file, entry->isk->flags);
	case IMAGE__FD_TYPES__UNIXSK:
		return entry->usk && set_flags(file, entry->usk->flags);
	case IMAGE__FD_TYPES__EVENTFD:
		return entry->efd && set_flags(file, entry->efd->flags);
	case IMAGE__FD_TYPES__EVENTPOLL:
		return entry->epfd && set_flags(file, entry->epfd->flags);
	case IMAGE__FD_TYPES__INOTIFY:
		return entry->ify && set_flags(file, entry->ify->flags);
	case IMAGE__FD_TYPES__SIGNALFD:
		return entry->sgfd && set_flags(file, entry->sgfd->flags);
	case IMAGE__FD_TYPES__TIMERFD:
		return entry->tfd && set_flags(file, entry->tfd->flags);
	case IMAGE__FD_TYPES__TTY:
		return entry->tty && set_flags(file, entry->tty->flags);
	case IMAGE__FD_TYPES__MEMFD:
		return entry->memfd && set_flags(file, entry->memfd->flags) &&
		       set_pos(file, entry->memfd->pos);
	case IMAGE__FD_TYPES__EXT:
		return entry->ext;
	default:
		/* Of what others than this project's programs dump. */
		return true;
	}
}

static int take_file(struct image_reader *reader, ProtobufCMessage *message, void *data,
		     const struct image_error *error)
{
	struct shown_files *files = data;
	struct shown_file *file = append(&files->files, &files->nr, sizeof(*file));

	if (!file) {
		protobuf_c_message_free_unpacked(message, NULL);
		return -ENOMEM;
	}
	file->entry = (Image__FileEntry *)message;
	if (!describe(file))
		return image_reader_wrong(reader, error, "the record makes no sense");
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	uint32_t x = ((const struct shown_file *)a)->entry->id;
	uint32_t y = ((const struct shown_file *)b)->entry->id;

	return (x > y) - (x < y);
}

static int sort_files(struct shown_files *files, const char *path, const struct image_error *error)
{
	if (files->nr)
		qsort(files->files, files->nr, sizeof(*files->files), compare_files);
	for (size_t i = 1; i < files->nr; i++) {
		if (!compare_files(&files->files[i - 1], &files->files[i]))
			return image_error(error, -EBADMSG, path, "files.img: file %u is there twice",
					   files->files[i].entry->id);
	}
	return 0;
}

/* The flags of a FIFO are in the record that has its path. */
static void complete_fifos(struct shown_files *files)
{
	for (size_t i = 0; i < files->nr; i++) {
		const Image__FifoEntry *fifo = files->files[i].entry->fifo;
		const struct shown_file *named;

		if (files->files[i].entry->type != IMAGE__FD_TYPES__FIFO || !fifo->has_regf_id)
			continue;
		named = shown_files_find(files, fifo->regf_id);
		if (named && named->entry->reg)
			set_flags(&files->files[i], named->entry->reg->flags);
	}
}

struct shown_file *shown_files_find(const struct shown_files *files, uint32_t id)
{
	Image__FileEntry entry = { .id = id };
	struct shown_file wanted = { .entry = &entry };

	if (!files->nr)
		return NULL;
	return bsearch(&wanted, files->files, files->nr, sizeof(wanted), compare_files);
}

/* fdinfo-*.img ------------------------------------------------------------------------------------- */

struct reading {
	struct shown_files *files;
	int dir;
	const char *path;
	const struct image_error *error;
};

static int take_descriptor(struct image_reader *reader, ProtobufCMessage *message, void *data,
			   const struct image_error *error)
{
	struct shown_table *table = data;
	Image__FdinfoEntry **descriptor = append(&table->descriptors, &table->nr, sizeof(*descriptor));

	if (!descriptor) {
		protobuf_c_message_free_unpacked(message, NULL);
		return -ENOMEM;
	}
	*descriptor = (Image__FdinfoEntry *)message;
	if ((*descriptor)->fd > INT32_MAX)
		return image_reader_wrong(reader, error, "a descriptor makes no sense");
	return 0;
}

static int compare_descriptors(const void *a, const void *b)
{
	uint32_t x = (*(Image__FdinfoEntry *const *)a)->fd, y = (*(Image__FdinfoEntry *const *)b)->fd;

	return (x > y) - (x < y);
}

static int check_table(const struct shown_files *files, const struct shown_table *table, const char *name,
		       const struct reading *reading)
{
	for (size_t i = 0; i < table->nr; i++) {
		const Image__FdinfoEntry *descriptor = table->descriptors[i];

		if (i && table->descriptors[i - 1]->fd == descriptor->fd)
			return image_error(reading->error, -EBADMSG, reading->path,
					   "%s: descriptor %u is there twice", name, descriptor->fd);
		if (!shown_files_find(files, descriptor->id))
			return image_error(reading->error, -EBADMSG, reading->path,
					   "%s: descriptor %u is of file %u, which is not recorded", name,
					   descriptor->fd, descriptor->id);
	}
	return 0;
}

static int read_table(const char *name, uint32_t id, void *data)
{
	const struct reading *reading = data;
	struct shown_files *files = reading->files;
	struct shown_table *table = append(&files->tables, &files->nr_tables, sizeof(*table));
	int ret;

	if (!table)
		return image_error(reading->error, -ENOMEM, reading->path, "%s", strerror(ENOMEM));
	table->id = id;
	ret = image_records(reading->dir, reading->path, name, IMAGE_MAGIC_FDINFO,
			    &image__fdinfo_entry__descriptor, take_descriptor, table, reading->error);
	if (ret)
		return ret;
	if (table->nr)
		qsort(table->descriptors, table->nr, sizeof(*table->descriptors), compare_descriptors);
	return check_table(files, table, name, reading);
}

static int compare_tables(const void *a, const void *b)
{
	const struct shown_table *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

const struct shown_table *shown_files_table(const struct shown_files *files, uint32_t id)
{
	const struct shown_table wanted = { .id = id };

	if (!files->nr_tables)
		return NULL;
	return bsearch(&wanted, files->tables, files->nr_tables, sizeof(wanted), compare_tables);
}

/* What else is said of files ------------------------------------------------------------------------ */

static int take_remap(struct image_reader *reader, ProtobufCMessage *message, void *data,
		      const struct image_error *error)
{
	const Image__RemapFilePathEntry *remap = (const Image__RemapFilePathEntry *)message;
	struct shown_file *file = shown_files_find(data, remap->orig_id);

	(void)reader;
	(void)error;
	if (file)
		file->deleted = true;
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

static int take_memfd(struct image_reader *reader, ProtobufCMessage *message, void *data,
		      const struct image_error *error)
{
	struct shown_files *files = data;
	Image__MemfdInodeEntry **memfd = append(&files->memfds, &files->nr_memfds, sizeof(*memfd));

	(void)reader;
	(void)error;
	if (!memfd) {
		protobuf_c_message_free_unpacked(message, NULL);
		return -ENOMEM;
	}
	*memfd = (Image__MemfdInodeEntry *)message;
	return 0;
}

static int compare_memfds(const void *a, const void *b)
{
	uint64_t x = (*(Image__MemfdInodeEntry *const *)a)->inode_id;
	uint64_t y = (*(Image__MemfdInodeEntry *const *)b)->inode_id;

	return (x > y) - (x < y);
}

const Image__MemfdInodeEntry *shown_files_memfd(const struct shown_files *files,
						const struct shown_file *file)
{
	Image__MemfdInodeEntry entry, *wanted = &entry, **found;

	if (file->entry->type != IMAGE__FD_TYPES__MEMFD || !files->nr_memfds)
		return NULL;
	entry.inode_id = file->entry->memfd->inode_id;
	found = bsearch(&wanted, files->memfds, files->nr_memfds, sizeof(wanted), compare_memfds);
	return found ? *found : NULL;
}

/* The whole ---------------------------------------------------------------------------------------- */

int shown_files_read(struct shown_files *files, int dir, const char *path, const struct image_error *error)
{
	struct reading reading = { files, dir, path, error };
	int ret;

	*files = (struct shown_files){ 0 };
	ret = image_records(dir, path, "files.img", IMAGE_MAGIC_FILES, &image__file_entry__descriptor,
			    take_file, files, error);
	if (!ret)
		ret = sort_files(files, path, error);
	if (!ret)
		complete_fifos(files);
	if (!ret)
		ret = image_numbered(dir, path, "fdinfo", read_table, &reading, error);
	if (files->nr_tables)
		qsort(files->tables, files->nr_tables, sizeof(*files->tables), compare_tables);
	if (!ret)
		ret = image_records(dir, path, "remap-fpath.img", IMAGE_MAGIC_REMAP_FPATH,
				    &image__remap_file_path_entry__descriptor, take_remap, files, error);
	if (!ret)
		ret = image_records(dir, path, "memfd.img", IMAGE_MAGIC_MEMFD,
				    &image__memfd_inode_entry__descriptor, take_memfd, files, error);
	if (files->nr_memfds)
		qsort(files->memfds, files->nr_memfds, sizeof(*files->memfds), compare_memfds);
	return ret;
}

void shown_files_free(struct shown_files *files)
{
	for (size_t i = 0; i < files->nr; i++)
		image__file_entry__free_unpacked(files->files[i].entry, NULL);
	for (size_t i = 0; i < files->nr_tables; i++) {
		for (size_t j = 0; j < files->tables[i].nr; j++)
			image__fdinfo_entry__free_unpacked(files->tables[i].descriptors[j], NULL);
		free(files->tables[i].descriptors);
	}
	for (size_t i = 0; i < files->nr_memfds; i++)
		image__memfd_inode_entry__free_unpacked(files->memfds[i], NULL);
	free(files->files);
	free(files->tables);
	free(files->memfds);
	*files = (struct shown_files){ 0 };
}

static void each(const void *data, void (*fn)(uint32_t table, int fd, uint32_t id, void *fn_data),
		 void *fn_data)
{
	const struct shown_files *files = data;

	for (size_t i = 0; i < files->nr_tables; i++) {
		const struct shown_table *table = &files->tables[i];

		for (size_t j = 0; j < table->nr; j++)
			fn(table->id, table->descriptors[j]->fd, table->descriptors[j]->id, fn_data);
	}
}

static uint32_t find(const void *data, uint32_t id, int fd)
{
	const struct shown_table *table = shown_files_table(data, id);
	Image__FdinfoEntry entry = { .fd = fd }, *wanted = &entry, **found = NULL;

	if (table && table->nr)
		found = bsearch(&wanted, table->descriptors, table->nr, sizeof(wanted), compare_descriptors);
	return found ? (*found)->id : 0;
}

static const char *path_of(const void *data, uint32_t id)
{
	const struct shown_file *file = shown_files_find(data, id);

	return file && file->entry->reg ? file->entry->reg->name : NULL;
}

static int access_of(const void *data, uint32_t id)
{
	const struct shown_file *file = shown_files_find(data, id);

	return file ? file->flags & O_ACCMODE : O_RDONLY;
}

struct common_files shown_files_common(const struct shown_files *files)
{
	return (struct common_files){ each, find, path_of, access_of, files };
}
