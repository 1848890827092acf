// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/file.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "image/pages.h"
#include "image/spool.h"
#include "image/stream.h"

/* More files are not ours, nor larger ones. */
#define MEMBERS_MAX    (1U << 18)
#define NAME_MAX_SIZE  64
#define SIZE_MAX_BYTES (1ULL << 57)

struct spool {
	struct image_directory *directory;
	struct stream_reader *reader;
	struct image_file **members; /* by number less one; NULL: closed */
	size_t nr, room;
	uint64_t received, moved, kept, spread; /* bytes */
	bool has_inventory;
	const struct image_error *error;
};

static int wrong(const struct spool *spool, const char *what)
{
	return stream_wrong(spool->reader, spool->error, what);
}

static int fails(const struct spool *spool, int ret)
{
	return ret ? image_error(spool->error, ret, spool->directory->path, "%s", strerror(-ret)) : 0;
}

/* Names of images and nothing else: none leads elsewhere. */
static bool is_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!strcmp(name, "stats-dump"))
		return true;
	if (!islower((unsigned char)*name) || !dot || (strcmp(dot, ".img") && strcmp(dot, ".new")))
		return false;
	for (const char *c = name; c < dot; c++) {
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	}
	return true;
}

static int make_room(struct spool *spool)
{
	size_t room = spool->room ? 2 * spool->room : 64;
	struct image_file **larger;

	if (spool->nr < spool->room)
		return 0;
	larger = reallocarray(spool->members, room, sizeof(*larger));
	if (!larger)
		return fails(spool, -ENOMEM);
	spool->members = larger;
	spool->room = room;
	return 0;
}

static int create(struct spool *spool, const struct stream_frame *frame)
{
	char name[NAME_MAX_SIZE] = "";
	int ret;

	if (frame->member != spool->nr + 1 || spool->nr >= MEMBERS_MAX)
		return wrong(spool, "files are not counted as they must be");
	if (!frame->size || frame->size >= sizeof(name))
		return wrong(spool, "the size of a name is absurd");
	memcpy(name, frame->data, frame->size);
	if (strlen(name) != frame->size || !is_name(name))
		return wrong(spool, "a name is none of an image");
	if (!strcmp(name, IMAGE_INVENTORY)) {
		strcpy(name, IMAGE_INVENTORY_NEW);
		spool->has_inventory = true;
	}
	ret = make_room(spool);
	ret = ret ? ret : image_file_create(spool->directory, name, &spool->members[spool->nr], spool->error);
	if (!ret)
		spool->nr++;
	return ret;
}

/* Returns: the place of a file that is open, NULL: there is no such one. */
static struct image_file **find(const struct spool *spool, uint64_t member)
{
	if (!member || member > spool->nr || !spool->members[member - 1])
		return NULL;
	return &spool->members[member - 1];
}

static bool is_within(uint64_t offset, uint64_t size)
{
	return offset <= SIZE_MAX_BYTES && size <= SIZE_MAX_BYTES - offset;
}

/* A page is moved once at most, so that no short stream makes long work. */
static int move(struct spool *spool, struct image_file *file, const struct stream_frame *frame)
{
	struct stream_move move;
	struct image_file **from;
	uint64_t offset, size;

	if (frame->size != sizeof(move))
		return wrong(spool, "it makes no sense");
	memcpy(&move, frame->data, sizeof(move));
	from = find(spool, le64toh(move.member));
	offset = le64toh(move.offset);
	size = le64toh(move.size);
	if (!from || *from == file || !is_within(offset, size) || !is_within(frame->offset, size) ||
	    size > spool->received - spool->moved)
		return wrong(spool, "it makes no sense");
	spool->moved += size;
	return fails(spool, image_file_move(file, frame->offset, *from, offset, size));
}

static int replace(struct spool *spool, struct image_file *file, const struct stream_frame *frame)
{
	struct image_file **other = find(spool, frame->offset), *gone;

	if (!other || *other == file)
		return wrong(spool, "it makes no sense");
	gone = *other;
	*other = NULL;
	return image_file_replace(file, gone, spool->error);
}

/*
 * What is kept was sent, but for holes and what fills last pages: else a short stream could make files of any size, and
 * their checksums would take as long as if they were on disk.
 */
static int close_file(struct spool *spool, struct image_file *file)
{
	int64_t size = image_file_size(file);
	int ret = image_file_close(file);

	if (size < 0 || ret)
		return fails(spool, size < 0 ? (int)size : ret);
	spool->kept += size;
	if (spool->kept > 2 * spool->received + spool->nr * IMAGE_PAGE_SIZE)
		return wrong(spool, "files are much larger than what was sent");
	return 0;
}

/* Of what crdump writes only the last page of a file is none, and what it appends. */
static int spread(struct spool *spool, uint64_t bytes)
{
	spool->spread += bytes;
	if (spool->spread > 2 * spool->received + 2 * spool->nr * IMAGE_PAGE_SIZE)
		return wrong(spool, "what was sent is spread over much more than it is");
	return 0;
}

static int write_frame(struct spool *spool, struct image_file *file, const struct stream_frame *frame)
{
	uint64_t rest =
		(frame->offset % IMAGE_PAGE_SIZE) + (-(frame->offset + frame->size) % IMAGE_PAGE_SIZE);
	int ret = 0;

	if (!is_within(frame->offset, frame->size))
		return wrong(spool, "it makes no sense");
	spool->received += frame->size;
	/* A byte here and there takes as many pages of a disk. */
	if (frame->size && rest && image_file_size(file) != (int64_t)frame->offset)
		ret = spread(spool, rest);
	return ret ? ret : fails(spool, image_file_write(file, frame->offset, frame->data, frame->size));
}

static int truncate_file(struct spool *spool, struct image_file *file, const struct stream_frame *frame)
{
	int ret;

	if (!is_within(frame->offset, 0))
		return wrong(spool, "it makes no sense");
	/* What is appended then is a byte somewhere, too. */
	ret = spread(spool, IMAGE_PAGE_SIZE);
	return ret ? ret : fails(spool, image_file_truncate(file, frame->offset));
}

static int act(struct spool *spool, const struct stream_frame *frame)
{
	struct image_file **place, *file;

	if (frame->type == STREAM_CREATE)
		return create(spool, frame);
	place = find(spool, frame->member);
	if (!place)
		return wrong(spool, "there is no such file");
	file = *place;
	switch (frame->type) {
	case STREAM_WRITE:
		return write_frame(spool, file, frame);
	case STREAM_MOVE:
		return move(spool, file, frame);
	case STREAM_TRUNCATE:
		return truncate_file(spool, file, frame);
	case STREAM_REPLACE:
		return replace(spool, file, frame);
	case STREAM_CLOSE:
		*place = NULL;
		return close_file(spool, file);
	default:
		return wrong(spool, "it makes no sense");
	}
}

static int act_all(struct spool *spool)
{
	struct stream_frame frame;
	int ret;

	while (!(ret = stream_read(spool->reader, &frame, spool->error)) && frame.type != STREAM_END) {
		ret = act(spool, &frame);
		if (ret)
			return ret;
	}
	return ret;
}

static int complete(struct spool *spool, bool flush)
{
	if (!spool->has_inventory)
		return wrong(spool, "no checkpoint: there is no " IMAGE_INVENTORY);
	return inventory_complete(spool->directory, flush, spool->error);
}

int image_spool(struct image_directory *directory, bool flush, int fd, const char *name,
		const struct image_error *error)
{
	struct spool spool = { .directory = directory, .error = error };
	int ret = stream_reader_open(&spool.reader, fd, name, error);

	ret = ret ? ret : act_all(&spool);
	for (size_t i = 0; i < spool.nr; i++) {
		if (ret || !spool.members[i])
			image_file_close(spool.members[i]);
		else
			ret = close_file(&spool, spool.members[i]);
	}
	ret = ret ? ret : complete(&spool, flush);
	stream_reader_close(spool.reader);
	free(spool.members);
	return ret;
}
