// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has a number is found, whatever the numbers are; and a checkpoint finds its files and processes the same with
 * what it notes and without.
 */
/* links: image proto locks procfs libcrlock : -lprotobuf-c -lmnl -lz -lxxhash */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "image/checkpoint.h"
#include "image/lookup.h"
#include "locks/append.h"

#define NR 100000

/* In no order, and with zeros at the end; the 0 is one of them. */
static uint64_t number_of(size_t i)
{
	return (uint64_t)i * 0x9e3779b97f4a7c15 << 13;
}

FIXTURE(lookup)
{
	struct image_lookup lookup;
};

FIXTURE_SETUP(lookup)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(lookup)
{
	image_lookup_free(&self->lookup);
}

TEST_F(lookup, each_number_is_found)
{
	size_t at, wrong = 0;

	EXPECT_FALSE(image_lookup_find(&self->lookup, 0, &at));
	for (size_t i = 0; i < NR; i++)
		ASSERT_EQ(0, image_lookup_add(&self->lookup, number_of(i), i));
	for (size_t i = 0; i < NR; i++)
		wrong += !image_lookup_find(&self->lookup, number_of(i), &at) || at != i;
	EXPECT_EQ(0, wrong);
	for (size_t i = NR; i < 2 * NR; i++)
		wrong += image_lookup_find(&self->lookup, number_of(i), &at);
	EXPECT_EQ(0, wrong);
}

TEST_F(lookup, of_one_number_the_first_is_found)
{
	size_t at = 0;

	for (size_t i = 7; i < 50; i++)
		ASSERT_EQ(0, image_lookup_add(&self->lookup, 5, i));
	EXPECT_TRUE(image_lookup_find(&self->lookup, 5, &at));
	EXPECT_EQ(7, at);
	EXPECT_EQ(43, self->lookup.nr);
}

TEST_F(lookup, nothing_is_left)
{
	size_t at;

	ASSERT_EQ(0, image_lookup_add(&self->lookup, 5, 1));
	image_lookup_free(&self->lookup);
	EXPECT_FALSE(image_lookup_find(&self->lookup, 5, &at));
	EXPECT_EQ(0, image_lookup_add(&self->lookup, 5, 2));
	EXPECT_TRUE(image_lookup_find(&self->lookup, 5, &at));
	EXPECT_EQ(2, at);
}

TEST(a_checkpoint_finds_what_it_has)
{
	struct checkpoint checkpoint = { 0 };

	EXPECT_EQ(NULL, checkpoint_file_of(&checkpoint, 1));
	EXPECT_FALSE(checkpoint_has_process(&checkpoint, 1));
	for (int i = 1; i <= 100; i++) {
		bool noted = i != 50;

		ASSERT_EQ(0, append(checkpoint.files, checkpoint.nr_files,
				    ((struct checkpoint_file){ .id = number_of(i) })));
		ASSERT_EQ(0, append(checkpoint.processes, checkpoint.nr_processes,
				    ((struct checkpoint_process){ .pid = i })));
		if (noted) {
			ASSERT_EQ(0, checkpoint_note_file(&checkpoint));
			ASSERT_EQ(0, checkpoint_note_process(&checkpoint));
		}
		for (int j = 1; j <= 101; j++) {
			const struct checkpoint_file *file = checkpoint_file_of(&checkpoint, number_of(j));

			ASSERT_EQ(j <= i ? &checkpoint.files[j - 1] : NULL, file);
			ASSERT_EQ(j <= i, checkpoint_has_process(&checkpoint, j));
		}
	}
	checkpoint_free(&checkpoint);
}

TEST_HARNESS_MAIN
