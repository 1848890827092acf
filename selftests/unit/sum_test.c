// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checksums of files: whatever order a file is written in, what is told is what its definition says of the bytes that
 * are there; and only what is not known is read.
 */
/* links: image proto locks procfs libcrlock : -lprotobuf-c -lmnl -lz -lxxhash */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "image/sum.h"

#define BLOCK	 ((size_t)IMAGE_SUM_BLOCK)
#define FILE_MAX (40 * BLOCK)

FIXTURE(sum)
{
	struct image_sum sum;
	uint8_t *bytes; /* what is in the file */
	uint64_t size;
	unsigned int seed;
	int fd;
};

FIXTURE_SETUP(sum)
{
	memset(self, 0, sizeof(*self));
	self->bytes = calloc(1, FILE_MAX);
	ASSERT_NE(NULL, self->bytes);
	self->fd = memfd_create("sum", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(sum)
{
	image_sum_free(&self->sum);
	close(self->fd);
	free(self->bytes);
}

typedef FIXTURE_DATA(sum) state;

static uint64_t wanted(const state *self, uint64_t size)
{
	uint64_t sums[FILE_MAX / IMAGE_SUM_BLOCK];
	size_t nr = 0;

	for (uint64_t at = 0; at < size; at += BLOCK)
		sums[nr++] = htole64(XXH64(self->bytes + at, size - at < BLOCK ? size - at : BLOCK, 0));
	return XXH64(sums, nr * sizeof(*sums), 0);
}

static bool write_behind(state *self, uint64_t at, uint64_t size)
{
	for (uint64_t i = at; i < at + size; i += 509)
		self->bytes[i] = rand_r(&self->seed);
	self->size = at + size > self->size ? at + size : self->size;
	return pwrite(self->fd, self->bytes + at, size, at) == (ssize_t)size;
}

static bool write_known(state *self, uint64_t at, uint64_t size)
{
	bool written = write_behind(self, at, size);

	image_sum_add(&self->sum, at, self->bytes + at, size);
	return written;
}

static bool truncate_known(state *self, uint64_t size)
{
	if (size < self->size)
		memset(self->bytes + size, 0, self->size - size);
	self->size = size;
	image_sum_truncate(&self->sum, size);
	return !ftruncate(self->fd, size);
}

/* Of all that is known, and of nothing. */
static bool is_right(const state *self)
{
	struct image_summed known = { 0 }, read = { 0 };

	return !image_sum_read(&self->sum, self->fd, UINT64_MAX, &known) &&
	       !image_sum_read(NULL, self->fd, UINT64_MAX, &read) && known.size == self->size &&
	       read.size == self->size && known.xxh64 == wanted(self, self->size) &&
	       read.xxh64 == known.xxh64;
}

TEST_F(sum, files_of_any_size)
{
	const uint64_t sizes[] = { 0,	      1,	 4096,	    BLOCK - 1,	    BLOCK,
				   BLOCK + 1, 2 * BLOCK, 8 * BLOCK, 33 * BLOCK - 7, 40 * BLOCK };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		ASSERT_TRUE(truncate_known(self, 0));
		ASSERT_TRUE(write_known(self, 0, sizes[i]));
		EXPECT_TRUE(is_right(self)) TH_LOG("%lu bytes", (unsigned long)sizes[i]);
	}
}

TEST_F(sum, pieces_in_any_order)
{
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t end = self->size, at = rand_r(&self->seed) % (6 * BLOCK);
		uint64_t size = rand_r(&self->seed) % (3 * BLOCK);

		switch (rand_r(&self->seed) % 6) {
		case 0:
			ASSERT_TRUE(write_known(self, at, size));
			break;
		case 1:
			ASSERT_TRUE(write_known(self, at / BLOCK * BLOCK, size));
			break;
		case 2:
			ASSERT_TRUE(write_behind(self, at, size));
			image_sum_forget(&self->sum, at, size);
			break;
		case 3:
			ASSERT_TRUE(truncate_known(self, rand_r(&self->seed) % 2 ? at : end));
			break;
		default:
			if (end + size <= 9 * BLOCK)
				ASSERT_TRUE(write_known(self, end, size));
		}
		ASSERT_TRUE(is_right(self)) TH_LOG("after %u pieces", i + 1);
	}
}

TEST_F(sum, a_block_that_goes_on_elsewhere)
{
	/* What was cut off is not there when more is written where it ended. */
	ASSERT_TRUE(write_known(self, 0, 2000));
	ASSERT_TRUE(truncate_known(self, 1000));
	ASSERT_TRUE(write_known(self, 2000, 500));
	EXPECT_TRUE(is_right(self));
	/* The block that was written last, when it is whole, is not known for ever. */
	ASSERT_TRUE(write_known(self, 0, BLOCK));
	ASSERT_TRUE(write_behind(self, 0, 10));
	image_sum_forget(&self->sum, 0, 10);
	EXPECT_TRUE(is_right(self));
	/* One that is not whole, and is not the last one. */
	ASSERT_TRUE(write_known(self, BLOCK, 10));
	ASSERT_TRUE(write_known(self, 2 * BLOCK, 10));
	ASSERT_TRUE(write_known(self, 0, 100));
	EXPECT_TRUE(is_right(self));
}

TEST_F(sum, what_is_known_is_not_read)
{
	struct image_summed before = { 0 }, after = { 0 };

	ASSERT_TRUE(write_known(self, 0, 9 * BLOCK + 5));
	ASSERT_TRUE(write_known(self, 3 * BLOCK + 5, 100));
	ASSERT_EQ(0, image_sum_read(&self->sum, self->fd, UINT64_MAX, &before));
	for (size_t block = 0; block < 9; block++) {
		if (block != 3)
			ASSERT_TRUE(write_behind(self, block * BLOCK, 10));
	}
	ASSERT_EQ(0, image_sum_read(&self->sum, self->fd, UINT64_MAX, &after));
	EXPECT_EQ(before.xxh64, after.xxh64);
	ASSERT_TRUE(write_behind(self, 3 * BLOCK, 10));
	ASSERT_EQ(0, image_sum_read(&self->sum, self->fd, UINT64_MAX, &after));
	EXPECT_NE(before.xxh64, after.xxh64);
}

TEST_F(sum, memory_is_for_what_was_received)
{
	const uint64_t far = (1ULL << 40) - BLOCK;
	struct image_summed summed = { 0 };

	ASSERT_TRUE(write_known(self, 0, BLOCK));
	image_sum_add(&self->sum, far, self->bytes, BLOCK);
	EXPECT_GE(64, self->sum.nr);
	/* It is not known, and so is read. */
	ASSERT_EQ(0, image_sum_read(&self->sum, self->fd, UINT64_MAX, &summed));
	EXPECT_EQ(wanted(self, BLOCK), summed.xxh64);
	ASSERT_TRUE(write_known(self, BLOCK, 20 * BLOCK));
	EXPECT_LE(20, self->sum.nr);
	ASSERT_TRUE(truncate_known(self, 0));
	EXPECT_EQ(NULL, self->sum.blocks);
	ASSERT_TRUE(write_known(self, 0, 3 * BLOCK));
	EXPECT_TRUE(is_right(self));
}

TEST_F(sum, holes_are_not_read)
{
	const uint64_t far = 1ULL << 42;
	struct image_summed summed = { 0 };
	uint64_t *sums = calloc(far / BLOCK + 1, sizeof(*sums));

	ASSERT_NE(NULL, sums);
	/* Of 4 TiB. */
	ASSERT_TRUE(write_known(self, 3 * BLOCK + 5, 10));
	ASSERT_TRUE(write_behind(self, 39 * BLOCK - 1, 2));
	ASSERT_EQ(0, ftruncate(self->fd, far + 7));
	/* Block 0 is of zeros. */
	for (uint64_t i = 0; i < far / BLOCK; i++)
		sums[i] = i < 40 ? htole64(XXH64(self->bytes + i * BLOCK, BLOCK, 0)) : sums[0];
	sums[far / BLOCK] = htole64(XXH64(self->bytes, 7, 0));
	ASSERT_EQ(0, image_sum_read(NULL, self->fd, UINT64_MAX, &summed));
	EXPECT_EQ(far + 7, summed.size);
	EXPECT_EQ(XXH64(sums, (far / BLOCK + 1) * sizeof(*sums), 0), summed.xxh64);
	free(sums);
}

/* As what was moved leaves, also where it was known. */
TEST_F(sum, holes_at_any_place)
{
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t at = rand_r(&self->seed) % (30 * BLOCK) / 4096 * 4096;
		uint64_t size = (1 + rand_r(&self->seed) % (5 * BLOCK)) / 4096 * 4096;

		ASSERT_TRUE(write_known(self, rand_r(&self->seed) % (30 * BLOCK), 3 * BLOCK));
		if (size && !fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size)) {
			memset(self->bytes + at, 0, size);
			image_sum_forget(&self->sum, at, size);
		}
		ASSERT_TRUE(is_right(self)) TH_LOG("after %u holes", i + 1);
	}
}

TEST_F(sum, no_more_than_is_asked_for)
{
	struct image_summed summed = { 0 };

	ASSERT_TRUE(write_known(self, 0, 5 * BLOCK));
	ASSERT_EQ(0, image_sum_read(NULL, self->fd, 2 * BLOCK + 1, &summed));
	EXPECT_EQ(5 * BLOCK, summed.size);
	EXPECT_EQ(wanted(self, 2 * BLOCK + 1), summed.xxh64);
}

TEST_F(sum, files_that_cannot_be_read)
{
	struct image_summed summed;
	char path[64];
	int fd;

	EXPECT_EQ(-EBADF, image_sum_read(NULL, -1, UINT64_MAX, &summed));
	ASSERT_TRUE(write_known(self, 0, 40 * BLOCK));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, image_sum_read(NULL, fd, UINT64_MAX, &summed));
	close(fd);
}

TEST_HARNESS_MAIN
