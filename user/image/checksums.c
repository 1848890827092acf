// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksums.pb-c.h"
#include "crlock.pb-c.h"
#include "image/checksums.h"
#include "image/container.h"
#include "image/magic.h"
#include "image/progress.h"
#include "image/records.h"
#include "locks/append.h"

#define NAME_SIZE_MAX 255
/* Of all files together: no machine has so much memory. */
#define SIZES_MAX (1ULL << 50)

void checksums_free(struct image_checksums *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		image_sum_free(&list->entries[i].sum);
		free(list->entries[i].name);
	}
	free(list->entries);
	*list = (struct image_checksums){ 0 };
}

int checksums_add(struct image_checksums *list, const struct image_checksum *entry)
{
	struct image_checksum copy = *entry;

	copy.name = strdup(entry->name);
	if (copy.name && !append(list->entries, list->nr, copy))
		return 0;
	free(copy.name);
	return -ENOMEM;
}

/* Writing ------------------------------------------------------------------------------------------ */

static int read_rest(const struct image_directory *directory, struct image_checksum *entry,
		     const struct image_error *error)
{
	int fd = image_open(directory->fd, entry->name);
	int ret = fd < 0 ? fd : image_sum_read(&entry->sum, fd, UINT64_MAX, &entry->file);

	if (fd >= 0)
		close(fd);
	return ret ? image_error(error, ret, directory->path, "%s: %s", entry->name, strerror(-ret)) : 0;
}

static int write_entry(struct image_writer *writer, const struct image_checksum *entry,
		       const struct image_error *error)
{
	Image__ChecksumEntry message = IMAGE__CHECKSUM_ENTRY__INIT;
	const char *name = strcmp(entry->name, IMAGE_INVENTORY_NEW) ? entry->name : IMAGE_INVENTORY;

	message.name = (ProtobufCBinaryData){ strlen(name), (uint8_t *)name };
	message.size = entry->file.size;
	message.xxh64 = entry->file.xxh64;
	return image_write(writer, &message.base, error);
}

/* What is before it has to have been written. */
static int write_own(struct image_writer *writer, const struct image_error *error)
{
	struct image_checksum own = { .name = IMAGE_CHECKSUMS };
	int ret = image_writer_flush(writer, error);

	ret = ret ? ret : read_rest(writer->directory, &own, error);
	return ret ? ret : write_entry(writer, &own, error);
}

int checksums_write(struct image_directory *directory, const struct image_error *error)
{
	struct image_checksums *list = &directory->checksums;
	struct image_writer writer;
	int ret = image_writer_open(&writer, directory, IMAGE_CHECKSUMS, IMAGE_MAGIC_CHECKSUMS, error);

	if (ret)
		return ret;
	for (size_t i = 0; i < list->nr && !ret; i++) {
		ret = read_rest(directory, &list->entries[i], error);
		ret = ret ? ret : write_entry(&writer, &list->entries[i], error);
	}
	ret = ret ? ret : write_own(&writer, error);
	return image_writer_close(&writer, ret, error);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct image_checksums *list;
	uint64_t last; /* where its record is */
};

/* A name that leads nowhere else. */
static bool is_name(const ProtobufCBinaryData *name)
{
	return name->len && name->len <= NAME_SIZE_MAX && *name->data != '.' &&
	       !memchr(name->data, '/', name->len) && !memchr(name->data, '\0', name->len);
}

static int take(struct image_reader *reader, ProtobufCMessage *message, void *data,
		const struct image_error *error)
{
	Image__ChecksumEntry *entry = (Image__ChecksumEntry *)message;
	char name[NAME_SIZE_MAX + 1] = "";
	struct image_checksum checksum = { name, .file = { entry->size, entry->xxh64 } };
	struct reading *reading = data;
	bool good = is_name(&entry->name);
	int ret = 0;

	if (good) {
		memcpy(name, entry->name.data, entry->name.len);
		ret = checksums_add(reading->list, &checksum);
	}
	reading->last = reader->offset;
	protobuf_c_message_free_unpacked(message, NULL);
	return good ? ret : image_reader_wrong(reader, error, "the record makes no sense");
}

static bool is_whole(const struct image_checksums *list, uint64_t last, int dir)
{
	const struct image_checksum *own = list->nr ? &list->entries[list->nr - 1] : NULL;
	struct image_summed file;
	bool good;
	int fd;

	if (!own || strcmp(own->name, IMAGE_CHECKSUMS) || own->file.size != last)
		return false;
	fd = image_open(dir, IMAGE_CHECKSUMS);
	if (fd < 0)
		return false;
	good = !image_sum_read(NULL, fd, last, &file) && file.xxh64 == own->file.xxh64;
	close(fd);
	return good;
}

/* What crlock.img says of whether there must be checksums. */
static int read_flag(int dir, const char *path, bool *flag, const struct image_error *error)
{
	struct image_reader reader;
	ProtobufCMessage *message = NULL;
	const Image__CrlockRecord *record;
	int ret = image_reader_open(&reader, dir, path, IMAGE_CRLOCK, IMAGE_MAGIC_CRLOCK, error);

	*flag = false;
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = image_read(&reader, &image__crlock_record__descriptor, &message, error);
	image_reader_close(&reader);
	record = (Image__CrlockRecord *)message;
	if (record && record->record_case == IMAGE__CRLOCK_RECORD__RECORD_CHECKPOINT)
		*flag = record->checkpoint->checksums;
	if (message)
		protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Holes take little time, but not none: 1 PiB of them takes some seconds. */
static int check_sizes(const struct image_checksums *list, const char *path, const struct image_error *error)
{
	uint64_t size = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (list->entries[i].file.size > SIZES_MAX - size)
			return image_error(error, -EBADMSG, path, "%s: %s is absurdly large", IMAGE_CHECKSUMS,
					   list->entries[i].name);
		size += list->entries[i].file.size;
	}
	return 0;
}

/* A file that is listed again and again would be read as often. */
static int check_names(const struct image_checksums *list, const char *path, const struct image_error *error)
{
	const char **names = calloc(list->nr + 1, sizeof(*names));
	int ret = 0;

	if (!names)
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < list->nr; i++)
		names[i] = list->entries[i].name;
	qsort(names, list->nr, sizeof(*names), compare_names);
	for (size_t i = 1; i < list->nr && !ret; i++) {
		if (!strcmp(names[i - 1], names[i]))
			ret = image_error(error, -EBADMSG, path, "%s: %s is there twice", IMAGE_CHECKSUMS,
					  names[i]);
	}
	free(names);
	return ret;
}

int checksums_read(struct image_checksums *list, int dir, const char *path, const struct image_error *error)
{
	struct reading reading = { .list = list };
	bool wanted;
	int ret;

	*list = (struct image_checksums){ 0 };
	ret = image_records(dir, path, IMAGE_CHECKSUMS, IMAGE_MAGIC_CHECKSUMS,
			    &image__checksum_entry__descriptor, take, &reading, error);
	if (ret)
		return ret;
	if (!faccessat(dir, IMAGE_CHECKSUMS, F_OK, AT_SYMLINK_NOFOLLOW)) {
		if (!is_whole(list, reading.last, dir))
			return image_error(error, -EBADMSG, path, "%s: it is damaged", IMAGE_CHECKSUMS);
		ret = check_names(list, path, error);
		ret = ret ? ret : check_sizes(list, path, error);
		if (ret)
			return ret;
		/* Its own is checked. */
		free(list->entries[--list->nr].name);
		return 1;
	}
	ret = read_flag(dir, path, &wanted, error);
	if (!ret && wanted)
		ret = image_error(error, -EBADMSG, path, "%s: it is missing", IMAGE_CHECKSUMS);
	return ret;
}

int checksums_check(const struct image_checksum *entry, int dir, const char *path,
		    const struct image_error *error)
{
	int fd = image_open(dir, entry->name), ret = fd;
	struct image_summed file = { 0 };
	struct stat st;

	if (fd >= 0) {
		ret = fstat(fd, &st) ? -errno : 0;
		file.size = ret ? 0 : st.st_size;
		/* What has another size need not be read. */
		if (!ret && file.size == entry->file.size)
			ret = image_sum_read(NULL, fd, entry->file.size, &file);
		close(fd);
	}
	if (ret < 0)
		return image_error(error, ret, path, "%s: %s", entry->name,
				   ret == -EBADMSG ? "is no regular file" : strerror(-ret));
	if (file.size == entry->file.size && file.xxh64 == entry->file.xxh64)
		return 0;
	return image_error(error, -EBADMSG, path, "%s: it is not as it was written: %s", entry->name,
			   file.size < entry->file.size	  ? "it is truncated"
			   : file.size > entry->file.size ? "it is longer"
							  : "its checksum is another");
}

uint64_t checksums_size(const struct image_checksums *list, int dir)
{
	uint64_t size = 0;
	struct stat st;

	for (size_t i = 0; i < list->nr; i++)
		size += fstatat(dir, list->entries[i].name, &st, 0) ? 0 : st.st_size;
	return size;
}

int checksums_verify(int dir, const char *path, const struct image_error *error)
{
	struct image_checksums list;
	int ret = checksums_read(&list, dir, path, error), damaged = 0;

	progress_begin("checking images", checksums_size(&list, dir));
	for (size_t i = 0; i < list.nr && ret > 0 && !damaged; i++)
		damaged = checksums_check(&list.entries[i], dir, path, error);
	progress_end();
	checksums_free(&list);
	return damaged ? damaged : ret;
}
