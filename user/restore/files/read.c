// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading files.img and the tables. Both come from strangers.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/records.h"
#include "restore/files/kinds.h"

void *files_append(void *array, size_t *nr, size_t size)
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

static int no_memory(const struct restore_files *files, const struct image_error *error)
{
	return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
}

/* What the image's reader hands on. */
struct taking {
	struct restore_files *files;
	files_take *take;
	void *data;
};

static int take_record(struct image_reader *reader, ProtobufCMessage *message, void *data,
		       const struct image_error *error)
{
	const struct taking *taking = data;

	return taking->take(taking->files, reader, message, taking->data, error);
}

int files_read_image(struct restore_files *files, const char *name, uint32_t magic,
		     const ProtobufCMessageDescriptor *type, files_take *take, void *data,
		     const struct image_error *error)
{
	struct taking taking = { files, take, data };

	return image_records(files->dir, files->path, name, magic, type, take_record, &taking, error);
}

/* files.img ---------------------------------------------------------------------------------------- */

static int take_file(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		     void *data, const struct image_error *error)
{
	struct restored_file *file = files_append(&files->files, &files->nr_files, sizeof(*file));

	(void)data;
	if (!file) {
		protobuf_c_message_free_unpacked(message, NULL);
		return -ENOMEM;
	}
	file->entry = (Image__FileEntry *)message;
	file->id = file->entry->id;
	file->fd = file->given = file->number = -1;
	file->kind = kinds_of(file->entry->type);
	if (!file->kind)
		return image_error(error, -EOPNOTSUPP, reader->name,
				   "file %u is %s: such files are not restored", file->id,
				   kinds_name(file->entry->type));
	if (!file->id || !file->kind->describe(file))
		return image_reader_wrong(reader, error, "the record makes no sense");
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	const struct restored_file *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int sort_files(struct restore_files *files, const struct image_error *error)
{
	if (files->nr_files)
		qsort(files->files, files->nr_files, sizeof(*files->files), compare_files);
	for (size_t i = 1; i < files->nr_files; i++) {
		if (files->files[i].id == files->files[i - 1].id)
			return files_wrong(files, &files->files[i], error, "there are two of this number");
	}
	return 0;
}

/* fdinfo-*.img ------------------------------------------------------------------------------------- */

static void add_descriptor(struct restored_descriptor *descriptor, const Image__FdinfoEntry *entry,
			   struct restored_file *file)
{
	*descriptor = (struct restored_descriptor){ entry->fd, entry->flags & FD_CLOEXEC, file };
	if (file->number < 0 || descriptor->fd < file->number)
		file->number = descriptor->fd;
}

static int take_descriptor(struct restore_files *files, struct image_reader *reader,
			   ProtobufCMessage *message, void *data, const struct image_error *error)
{
	const Image__FdinfoEntry *entry = (const Image__FdinfoEntry *)message;
	struct restored_table *table = data;
	struct restored_descriptor *descriptor =
		files_append(&table->descriptors, &table->nr, sizeof(*descriptor));
	struct restored_file *file = files_find(files, entry->id);
	int ret = 0;

	if (!descriptor)
		ret = -ENOMEM;
	else if (!file)
		ret = image_reader_wrong(reader, error, "a descriptor is of a file that is not recorded");
	else if (file->entry->type != entry->type)
		ret = image_reader_wrong(reader, error, "a descriptor is of another kind than its file");
	else if (entry->fd > FILES_FD_MAX || entry->flags & ~(uint32_t)FD_CLOEXEC)
		ret = image_reader_wrong(reader, error, "a descriptor makes no sense");
	else
		add_descriptor(descriptor, entry, file);
	protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

static int compare_descriptors(const void *a, const void *b)
{
	const struct restored_descriptor *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

static int sort_table(struct restore_files *files, struct restored_table *table, const char *name,
		      const struct image_error *error)
{
	if (!table->nr)
		return 0;
	qsort(table->descriptors, table->nr, sizeof(*table->descriptors), compare_descriptors);
	for (size_t i = 1; i < table->nr; i++) {
		if (table->descriptors[i].fd == table->descriptors[i - 1].fd)
			return image_error(error, -EBADMSG, files->path, "%s: there are two descriptors %d",
					   name, table->descriptors[i].fd);
	}
	if (table->descriptors[table->nr - 1].fd >= files->lowest)
		files->lowest = table->descriptors[table->nr - 1].fd + 1;
	return 0;
}

struct reading {
	struct restore_files *files;
	const struct image_error *error;
};

static int read_table(const char *name, uint32_t id, void *data)
{
	const struct reading *reading = data;
	struct restore_files *files = reading->files;
	struct restored_table *table = files_append(&files->tables, &files->nr_tables, sizeof(*table));
	int ret;

	if (!table)
		return no_memory(files, reading->error);
	table->id = id;
	ret = files_read_image(files, name, IMAGE_MAGIC_FDINFO, &image__fdinfo_entry__descriptor,
			       take_descriptor, table, reading->error);
	return ret ? ret : sort_table(files, table, name, reading->error);
}

static int compare_tables(const void *a, const void *b)
{
	const struct restored_table *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int read_tables(struct restore_files *files, const struct image_error *error)
{
	struct reading reading = { files, error };
	int ret = image_numbered(files->dir, files->path, "fdinfo", read_table, &reading, error);

	if (files->nr_tables)
		qsort(files->tables, files->nr_tables, sizeof(*files->tables), compare_tables);
	return ret;
}

/* The whole ---------------------------------------------------------------------------------------- */

static int read_kinds(struct restore_files *files, const struct image_error *error)
{
	const struct file_kind *kind;
	int ret = 0;

	for (size_t i = 0; !ret && (kind = kinds_nth(i)); i++) {
		if (kind->read)
			ret = kind->read(files, error);
	}
	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		struct restored_file *file = &files->files[i];

		if (file->kind->validate)
			ret = file->kind->validate(files, file, error);
	}
	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		if (files->files[i].claimed && files->files[i].number >= 0)
			ret = files_wrong(files, &files->files[i], error,
					  "it is a descriptor, and yet only the path of another file");
	}
	return ret;
}

static int copy_options(struct restore_files *files, const struct restore_files_options *options)
{
	files->shell_job = options->shell_job;
	files->inherit = calloc(options->nr_inherit + 1, sizeof(*files->inherit));
	if (!files->inherit)
		return -ENOMEM;
	for (size_t i = 0; i < options->nr_inherit; i++) {
		files->inherit[i].fd = options->inherit[i].fd;
		files->inherit[i].key = strdup(options->inherit[i].key);
		if (!files->inherit[i].key)
			return -ENOMEM;
		files->nr_inherit++;
	}
	return 0;
}

static int begin(struct restore_files *files, int dir, const char *path,
		 const struct restore_files_options *options, const struct image_error *error)
{
	files->path = strdup(path);
	if (!files->path || copy_options(files, options))
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	files->dir = fcntl(dir, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (files->dir < 0)
		return image_error(error, -errno, path, "%s", strerror(errno));
	if (options->root)
		files->root = open(options->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (options->root && files->root < 0)
		return image_error(error, -errno, options->root, "%s", strerror(errno));
	return 0;
}

int restore_files_read(struct restore_files **out, int dir, const char *path,
		       const struct restore_files_options *options, const struct image_error *error)
{
	struct restore_files *files = calloc(1, sizeof(*files));
	int ret;

	*out = files;
	if (!files)
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	files->dir = -1;
	files->root = -1;
	files->lowest = STDERR_FILENO + 1;
	ret = begin(files, dir, path, options, error);
	if (!ret)
		ret = files_read_image(files, "files.img", IMAGE_MAGIC_FILES, &image__file_entry__descriptor,
				       take_file, NULL, error);
	if (!ret)
		ret = sort_files(files, error);
	if (!ret)
		ret = read_tables(files, error);
	return ret ? ret : read_kinds(files, error);
}
