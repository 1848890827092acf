// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "image/container.h"
#include "image/file.h"
#include "image/lookup.h"
#include "image/magic.h"

/* Makes room for a record. Returns: 0 or -ENOMEM. */
static int make_room(uint8_t **record, size_t *room, size_t size)
{
	uint8_t *larger;

	if (size <= *room)
		return 0;
	larger = realloc(*record, size);
	if (!larger)
		return -ENOMEM;
	*record = larger;
	*room = size;
	return 0;
}

/* The number before the one that says which image it is; 0: there is none. */
static uint32_t head_of(uint32_t magic)
{
	switch (magic) {
	case IMAGE_MAGIC_INVENTORY:
		return 0;
	case IMAGE_MAGIC_STATS:
		return IMAGE_MAGIC_SERVICE;
	default:
		return IMAGE_MAGIC_COMMON;
	}
}

/* Writing ------------------------------------------------------------------------------------------ */

static int write_fails(const struct image_writer *writer, const struct image_error *error)
{
	int code = errno ? errno : EIO;

	return image_error(error, -code, writer->directory->path, "%s: %s", writer->name, strerror(code));
}

static bool write_number(struct image_writer *writer, uint32_t number)
{
	uint32_t bytes = htole32(number);

	return fwrite(&bytes, sizeof(bytes), 1, writer->file) == 1;
}

int image_writer_open(struct image_writer *writer, struct image_directory *directory, const char *name,
		      uint32_t magic, const struct image_error *error)
{
	struct image_file *file;
	int ret = image_file_create(directory, name, &file, error);

	if (ret)
		return ret;
	*writer = (struct image_writer){ .directory = directory, .name = strdup(name) };
	writer->file = image_file_stdio(file);
	if (!writer->file || !writer->name) {
		if (writer->file)
			fclose(writer->file);
		free(writer->name);
		writer->name = NULL;
		return image_error(error, -ENOMEM, directory->path, "%s: %s", name, strerror(ENOMEM));
	}
	if ((head_of(magic) && !write_number(writer, head_of(magic))) || !write_number(writer, magic))
		return image_writer_close(writer, write_fails(writer, error), error);
	return 0;
}

int image_write(struct image_writer *writer, const ProtobufCMessage *message, const struct image_error *error)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (size > IMAGE_RECORD_MAX)
		return image_error(error, -E2BIG, writer->directory->path,
				   "%s: a record of %zu bytes is too large", writer->name, size);
	errno = ENOMEM;
	if (make_room(&writer->record, &writer->room, size))
		return write_fails(writer, error);
	protobuf_c_message_pack(message, writer->record);
	if (!write_number(writer, size) || fwrite(writer->record, 1, size, writer->file) != size)
		return write_fails(writer, error);
	return 0;
}

int image_write_bytes(struct image_writer *writer, const void *bytes, size_t size,
		      const struct image_error *error)
{
	return fwrite(bytes, 1, size, writer->file) == size ? 0 : write_fails(writer, error);
}

int image_writer_flush(struct image_writer *writer, const struct image_error *error)
{
	return fflush(writer->file) ? write_fails(writer, error) : 0;
}

int image_writer_close(struct image_writer *writer, int ret, const struct image_error *error)
{
	if (fclose(writer->file) && !ret)
		ret = write_fails(writer, error);
	free(writer->record);
	free(writer->name);
	writer->record = NULL;
	writer->name = NULL;
	return ret;
}

int image_write_one(struct image_directory *directory, const char *name, uint32_t magic,
		    const ProtobufCMessage *message, const struct image_error *error)
{
	struct image_writer writer;
	int ret = image_writer_open(&writer, directory, name, magic, error);

	return ret ? ret : image_writer_close(&writer, image_write(&writer, message, error), error);
}

/* Memory of records -------------------------------------------------------------------------------- */

/*
 * A message can be twenty times as large as the record that it is made of, and more while it is unpacked.
 * So memory is paid for by the bytes that were read. Honest checkpoints take 3 to 5 times these bytes, and
 * 9 times those of files.img if nearly all files are eventfds: what is free is for a million of files.
 *
 * What is freed later is not given back, for what was made of it stays, and is about as large.
 */
#define MEMORY_FREE	(128ULL << 20)
#define MEMORY_PER_BYTE 4

/*
 * A message that comes again and again in another is put together with what came before, which copies that: what is
 * allocated for one record is bounded also where it is freed at once.
 */
#define COPIES_FREE	(1ULL << 20)
#define COPIES_PER_BYTE 64

struct budget {
	uint64_t left;
	uint64_t copies; /* bytes that may still be allocated for the record */
	bool exceeded, failed; /* the last message; with failed there is no memory */
};

/* Of the process: programs read one checkpoint. */
static struct budget budget = { .left = MEMORY_FREE };

/* Images of pages, by number, with a hash of whose they are. */
static struct image_lookup claims;

void image_reader_begin(void)
{
	budget = (struct budget){ .left = MEMORY_FREE };
	image_lookup_free(&claims);
}

int image_reader_claim(uint32_t id, const char *name)
{
	size_t hash = XXH64(name, strlen(name), 0), owner;

	if (image_lookup_find(&claims, id, &owner))
		return owner == hash ? 0 : -EEXIST;
	return image_lookup_add(&claims, id, hash);
}

/* With what malloc(3) has before each piece. */
static uint64_t cost_of(void *memory)
{
	return malloc_usable_size(memory) + sizeof(size_t);
}

static void *budget_alloc(void *data, size_t size)
{
	struct budget *from = data;
	uint64_t cost;
	void *memory;

	if (size > from->left || size > from->copies) {
		from->exceeded = true;
		return NULL;
	}
	memory = malloc(size);
	if (!memory) {
		from->failed = true;
		return NULL;
	}
	cost = cost_of(memory);
	if (cost > from->left) {
		from->exceeded = true;
		free(memory);
		return NULL;
	}
	from->left -= cost;
	from->copies -= size;
	return memory;
}

/* Of what is only needed while a message is unpacked, and of one that is not finished. */
static void budget_free(void *data, void *memory)
{
	struct budget *to = data;

	if (memory)
		to->left += cost_of(memory);
	free(memory);
}

/* Returns: the message, which free(3) can free, or NULL; then @budget tells why. */
static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, size_t size, const uint8_t *record)
{
	ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };

	budget.exceeded = budget.failed = false;
	budget.left += MEMORY_PER_BYTE * (sizeof(uint32_t) + size);
	budget.copies = COPIES_FREE + COPIES_PER_BYTE * size;
	return protobuf_c_message_unpack(type, &allocator, size, record);
}

/* Reading ------------------------------------------------------------------------------------------ */

int image_reader_wrong(const struct image_reader *reader, const struct image_error *error, const char *what)
{
	return image_error(error, -EBADMSG, reader->name, "at byte %" PRIu64 ": %s", reader->offset, what);
}

int image_reader_short(const struct image_reader *reader, const struct image_error *error)
{
	int err = errno ? errno : EIO;

	if (ferror(reader->file))
		return image_error(error, -err, reader->name, "%s", strerror(err));
	return image_reader_wrong(reader, error, "it is truncated");
}

/* Returns: 1, 0 at the end, or a negative errno value. */
static int read_number(struct image_reader *reader, uint32_t *number, const struct image_error *error)
{
	uint32_t bytes;
	size_t n = fread(&bytes, 1, sizeof(bytes), reader->file);

	if (ferror(reader->file) || (n && n < sizeof(bytes)))
		return image_reader_short(reader, error);
	reader->next += n;
	*number = le32toh(bytes);
	return n > 0;
}

static int check_magic(struct image_reader *reader, uint32_t wanted, const struct image_error *error)
{
	uint32_t number = 0;
	int ret = read_number(reader, &number, error);

	if (ret < 0)
		return ret;
	if (!ret)
		return image_reader_wrong(reader, error, "it is truncated");
	reader->offset = reader->next;
	if (number != wanted)
		return image_error(error, -EBADMSG, reader->name,
				   "is no such image: it begins with 0x%08" PRIx32 ", not 0x%08" PRIx32,
				   number, wanted);
	return 0;
}

static int open_file(struct image_reader *reader, int dir, const char *name, const struct image_error *error)
{
	int fd = image_open(dir, name);
	struct stat st;

	if (fd < 0)
		return image_error(error, fd, reader->name, "%s",
				   fd == -EBADMSG ? "is no regular file" : strerror(-fd));
	if (!fstat(fd, &st))
		reader->size = st.st_size;
	reader->file = fdopen(fd, "r");
	if (!reader->file) {
		close(fd);
		return image_error(error, -ENOMEM, reader->name, "%s", strerror(ENOMEM));
	}
	return 0;
}

int image_reader_open(struct image_reader *reader, int dir, const char *path, const char *name,
		      uint32_t magic, const struct image_error *error)
{
	int ret;

	*reader = (struct image_reader){ 0 };
	if (asprintf(&reader->name, "%s/%s", path, name) < 0) {
		reader->name = NULL;
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	}
	ret = open_file(reader, dir, name, error);
	if (!ret && head_of(magic))
		ret = check_magic(reader, head_of(magic), error);
	if (!ret)
		ret = check_magic(reader, magic, error);
	if (ret)
		image_reader_close(reader);
	return ret;
}

static int too_much(const struct image_reader *reader, const struct image_error *error)
{
	return image_reader_wrong(reader, error, "its records would take absurdly much memory");
}

int image_read(struct image_reader *reader, const ProtobufCMessageDescriptor *type,
	       ProtobufCMessage **message, const struct image_error *error)
{
	uint32_t size = 0;
	int ret;

	*message = NULL;
	reader->offset = reader->next;
	ret = read_number(reader, &size, error);
	if (ret <= 0)
		return ret;
	if (size > IMAGE_RECORD_MAX)
		return image_reader_wrong(reader, error, "the size of a record is absurd");
	if (size > reader->size - reader->next)
		return image_reader_wrong(reader, error, "it is truncated");
	if (make_room(&reader->record, &reader->room, size))
		return image_error(error, -ENOMEM, reader->name, "%s", strerror(ENOMEM));
	if (fread(reader->record, 1, size, reader->file) != size)
		return image_reader_short(reader, error);
	reader->next += size;
	*message = unpack(type, size, reader->record);
	if (*message)
		return 0;
	if (budget.exceeded)
		return too_much(reader, error);
	if (budget.failed)
		return image_error(error, -ENOMEM, reader->name, "%s", strerror(ENOMEM));
	return image_reader_wrong(reader, error, "a record is no message that belongs here");
}

int image_reader_pay(const struct image_reader *reader, size_t size, const struct image_error *error)
{
	if (size > budget.left)
		return too_much(reader, error);
	budget.left -= size;
	return 0;
}

int image_read_bytes(struct image_reader *reader, void *bytes, size_t size, const struct image_error *error)
{
	if (fread(bytes, 1, size, reader->file) != size)
		return image_reader_short(reader, error);
	reader->next += size;
	return 0;
}

void image_reader_close(struct image_reader *reader)
{
	if (reader->file)
		fclose(reader->file);
	free(reader->name);
	free(reader->record);
	*reader = (struct image_reader){ 0 };
}
