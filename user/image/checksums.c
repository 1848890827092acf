// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "checksums.pb-c.h"
#include "crlock.pb-c.h"
#include "image/checksums.h"
#include "image/container.h"
#include "image/magic.h"
#include "image/progress.h"
#include "image/records.h"
#include "locks/append.h"

#define NAME_SIZE_MAX 255

void checksums_free(struct image_checksums *list)
{
	for (size_t i = 0; i < list->nr; i++)
		free(list->entries[i].name);
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

/* Of bytes of a file ------------------------------------------------------------------------------- */

/* Returns: how many bytes up to @max the file has, or a negative errno value. */
static int64_t sum_up(int fd, uint64_t max, uint64_t *xxh64)
{
	static uint8_t buffer[1 << 18];
	XXH64_state_t *state = XXH64_createState();
	uint64_t done = 0;
	ssize_t n = 1;

	if (!state)
		return -ENOMEM;
	XXH64_reset(state, 0);
	while (done < max && n) {
		n = pread(fd, buffer, max - done < sizeof(buffer) ? max - done : sizeof(buffer), done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		XXH64_update(state, buffer, n);
		progress_add(n);
		done += n;
	}
	*xxh64 = XXH64_digest(state);
	XXH64_freeState(state);
	return n < 0 ? -errno : (int64_t)done;
}

/* Writing ------------------------------------------------------------------------------------------ */

/* Of what was written out of order, or copied by the kernel. */
static int read_again(const struct image_directory *directory, struct image_checksum *entry,
		      const struct image_error *error)
{
	int fd = image_open(directory->fd, entry->name);
	int64_t size = fd < 0 ? fd : sum_up(fd, UINT64_MAX, &entry->xxh64);

	if (fd >= 0)
		close(fd);
	if (size < 0)
		return image_error(error, size, directory->path, "%s: %s", entry->name, strerror(-size));
	entry->size = size;
	entry->known = true;
	return 0;
}

static int write_entry(struct image_writer *writer, const struct image_checksum *entry,
		       const struct image_error *error)
{
	Image__ChecksumEntry message = IMAGE__CHECKSUM_ENTRY__INIT;
	const char *name = strcmp(entry->name, IMAGE_INVENTORY_NEW) ? entry->name : IMAGE_INVENTORY;

	message.name = (ProtobufCBinaryData){ strlen(name), (uint8_t *)name };
	message.size = entry->size;
	message.xxh64 = entry->xxh64;
	return image_write(writer, &message.base, error);
}

/* What is before it has to have been written. */
static int write_own(struct image_writer *writer, const struct image_error *error)
{
	struct image_checksum own = { .name = IMAGE_CHECKSUMS };
	int ret = image_writer_flush(writer, error);

	ret = ret ? ret : read_again(writer->directory, &own, error);
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
		if (!list->entries[i].known)
			ret = read_again(directory, &list->entries[i], error);
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
	struct image_checksum checksum = { name, true, entry->size, entry->xxh64 };
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
	uint64_t xxh64;
	int64_t size;
	int fd;

	if (!own || strcmp(own->name, IMAGE_CHECKSUMS) || own->size != last)
		return false;
	fd = image_open(dir, IMAGE_CHECKSUMS);
	if (fd < 0)
		return false;
	size = sum_up(fd, last, &xxh64);
	close(fd);
	return size >= 0 && (uint64_t)size == last && xxh64 == own->xxh64;
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
	int fd = image_open(dir, entry->name);
	int64_t size = fd;
	uint64_t xxh64;

	if (fd >= 0) {
		/* One byte more tells what is longer. */
		size = sum_up(fd, entry->size + (entry->size < UINT64_MAX), &xxh64);
		close(fd);
	}
	if (size < 0)
		return image_error(error, size, path, "%s: %s", entry->name,
				   size == -EBADMSG ? "is no regular file" : strerror(-size));
	if ((uint64_t)size == entry->size && xxh64 == entry->xxh64)
		return 0;
	return image_error(error, -EBADMSG, path, "%s: it is not as it was written: %s", entry->name,
			   (uint64_t)size < entry->size	  ? "it is truncated"
			   : (uint64_t)size > entry->size ? "it is longer"
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
