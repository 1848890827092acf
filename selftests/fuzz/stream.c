// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stream. So that not all end at the first checksum, those of frames are put right first.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

#include "fuzz/fuzz.h"
#include "image/spool.h"
#include "image/stream.h"

#define OPENING 16
#define HEAD	24 /* the last 4 bytes are the checksum */
#define CHECK	20
#define SIZE	16

static char dir[256];

static void put_right(uint8_t *data, size_t size)
{
	size_t at = OPENING;
	uint32_t check;

	if (size < OPENING)
		return;
	check = crc32(0, data, OPENING);
	while (size - at >= HEAD) {
		uint32_t length, stored;

		memcpy(&length, data + at + SIZE, sizeof(length));
		length = le32toh(length);
		if (length > size - at - HEAD)
			return;
		check = crc32(check, data + at, CHECK);
		if (length)
			check = crc32(check, data + at + HEAD, length);
		stored = htole32(check);
		memcpy(data + at + CHECK, &stored, sizeof(stored));
		at += HEAD + length;
	}
}

static void spool(int fd)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct image_directory directory;
	int ret;

	if (image_directory_make(&directory, dir, &error))
		abort();
	ret = image_spool(&directory, false, fd, "the stream", &error);
	fuzz_judge(ret, why);
	image_directory_close(&directory, false);
	/* Nothing is left of what is refused; nor of what is good, here. */
	if (!access(dir, F_OK))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	int fd = memfd_create("stream", MFD_CLOEXEC);

	if (!*dir) {
		char top[200];

		fuzz_directory(top, sizeof(top));
		snprintf(dir, sizeof(dir), "%s/dir", top);
	}
	memcpy(copy, data, size);
	put_right(copy, size);
	if (fd < 0 || write(fd, copy, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	spool(fd);
	close(fd);
	free(copy);
	return 0;
}
