/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checksum of a file: XXH64 of the XXH64s of its blocks, in order, each as 8 bytes in little endian; seeds are 0.
 *
 * What is known of a block stays known while others are written anew, and several processors can read at once.
 */
#ifndef IMAGE_SUM_H
#define IMAGE_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

#define IMAGE_SUM_BLOCK (1U << 20) /* bytes; the last one of a file has what there is */

struct image_sum_block {
	uint64_t xxh64;
	bool known;
};

/* What is known of a file that is being written. All zero: nothing. */
struct image_sum {
	struct image_sum_block *blocks; /* whole ones; those beyond are not known */
	size_t nr;
	XXH64_state_t *state; /* of the block that is being written, from its beginning; NULL: of none */
	uint64_t at; /* up to where */
};

/** image_sum_free - Frees what it owns, and forgets all. */
void image_sum_free(struct image_sum *sum);

/** image_sum_add - Takes in what is written. What there is no memory for is not known. */
void image_sum_add(struct image_sum *sum, uint64_t at, const void *data, size_t size);

/** image_sum_forget - Something else was written there. */
void image_sum_forget(struct image_sum *sum, uint64_t at, uint64_t size);

/** image_sum_truncate - The file ends there now. */
void image_sum_truncate(struct image_sum *sum, uint64_t size);

/** struct image_summed - How large a file is, and its checksum. */
struct image_summed {
	uint64_t size, xxh64;
};

/**
 * image_sum_read - Reads what is not known of a file, nor in a hole, and tells its checksum. What is read is progress.
 * @sum: NULL: nothing is known
 * @fd: the file, to be read
 * @max: bytes that the checksum is to be of, if there are so many
 *
 * Returns: 0 or a negative errno value.
 */
int image_sum_read(const struct image_sum *sum, int fd, uint64_t max, struct image_summed *summed);

#endif
