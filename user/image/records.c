// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/records.h"

/* What all records of an image take may be more than twice this large; an honest one is far from it. */
#define IMAGE_MAX (1ULL << 30)

static int read_all(struct image_reader *reader, const ProtobufCMessageDescriptor *type, image_take *take,
		    void *data, const struct image_error *error)
{
	ProtobufCMessage *message;
	size_t nr = 0;
	int ret;

	while (!(ret = image_read(reader, type, &message, error)) && message) {
		ret = take(reader, message, data, error);
		if (ret == -ENOMEM)
			return image_error(error, ret, reader->name, "%s", strerror(ENOMEM));
		if (ret)
			return ret;
		if (++nr > IMAGE_RECORDS_MAX || reader->next > IMAGE_MAX)
			return image_reader_wrong(reader, error, "it is absurdly large");
	}
	return ret;
}

int image_records(int dir, const char *path, const char *name, uint32_t magic,
		  const ProtobufCMessageDescriptor *type, image_take *take, void *data,
		  const struct image_error *error)
{
	struct image_reader reader;
	int ret;

	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return 0;
	ret = image_reader_open(&reader, dir, path, name, magic, error);
	if (ret)
		return ret;
	ret = read_all(&reader, type, take, data, error);
	image_reader_close(&reader);
	return ret;
}

/* Returns: whether a name is one of a kind, in the one way that it is written. */
static bool parse_name(const char *name, const char *kind, uint32_t *number)
{
	size_t len = strlen(kind);
	char same[64];

	if (strncmp(name, kind, len) || sscanf(name + len, "-%u.img", number) != 1)
		return false;
	snprintf(same, sizeof(same), "%s-%u.img", kind, *number);
	return !strcmp(name, same);
}

/* Returns: NULL at the end, when errno is 0, or after an error. */
static struct dirent *next(DIR *entries)
{
	errno = 0;
	return readdir(entries);
}

int image_numbered(int dir, const char *path, const char *kind,
		   int (*fn)(const char *name, uint32_t number, void *data), void *data,
		   const struct image_error *error)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint32_t number;
	size_t nr = 0;

	if (!entries) {
		ret = image_error(error, -errno, path, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return ret;
	}
	while (!ret && (entry = next(entries))) {
		if (!parse_name(entry->d_name, kind, &number))
			continue;
		if (++nr > IMAGE_RECORDS_MAX)
			ret = image_error(error, -EBADMSG, path, "there are absurdly many images");
		else
			ret = fn(entry->d_name, number, data);
	}
	if (!ret && errno)
		ret = image_error(error, -errno, path, "%s", strerror(errno));
	closedir(entries);
	return ret;
}
