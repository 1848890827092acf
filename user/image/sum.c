// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/progress.h"
#include "image/sum.h"
#include "image/thread.h"
#include "locks/append.h"

#define NOWHERE UINT64_MAX

/* Of larger files what is beyond is read again: so much memory, 16 MiB, is enough for 1 TiB. */
#define BLOCKS_MAX (1U << 20)

/* Blocks that may be left out at a time: memory is for what was received, not for where it says that it belongs. */
#define GAP_MAX 64

static uint64_t minimum(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Writing ------------------------------------------------------------------------------------------ */

void image_sum_free(struct image_sum *sum)
{
	free(sum->blocks);
	XXH64_freeState(sum->state);
	*sum = (struct image_sum){ 0 };
}

/* Returns: whether there is room for what is known of a block. */
static bool make_room(struct image_sum *sum, uint64_t block)
{
	if (block >= BLOCKS_MAX || block > sum->nr + GAP_MAX)
		return false;
	while (sum->nr <= block) {
		if (append(sum->blocks, sum->nr, (struct image_sum_block){ 0 }))
			return false;
	}
	return true;
}

static void begin_block(struct image_sum *sum, uint64_t at)
{
	if (!sum->state)
		sum->state = XXH64_createState();
	if (sum->state)
		XXH64_reset(sum->state, 0);
	sum->at = sum->state ? at : NOWHERE;
}

static void add_to_block(struct image_sum *sum, uint64_t at, const void *data, size_t size)
{
	uint64_t block = at / IMAGE_SUM_BLOCK;
	bool goes_on = sum->state && sum->at == at;

	if (!goes_on || !(at % IMAGE_SUM_BLOCK))
		image_sum_forget(sum, at, size);
	if (!(at % IMAGE_SUM_BLOCK))
		begin_block(sum, at);
	else if (!goes_on)
		return;
	if (sum->at == NOWHERE)
		return;
	XXH64_update(sum->state, data, size);
	sum->at += size;
	if (!(sum->at % IMAGE_SUM_BLOCK) && make_room(sum, block))
		sum->blocks[block] = (struct image_sum_block){ XXH64_digest(sum->state), true };
}

void image_sum_add(struct image_sum *sum, uint64_t at, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size) {
		size_t n = minimum(size, IMAGE_SUM_BLOCK - at % IMAGE_SUM_BLOCK);

		add_to_block(sum, at, bytes, n);
		at += n;
		bytes += n;
		size -= n;
	}
}

void image_sum_forget(struct image_sum *sum, uint64_t at, uint64_t size)
{
	uint64_t first = at / IMAGE_SUM_BLOCK, last = size ? (at + size - 1) / IMAGE_SUM_BLOCK : first;

	for (uint64_t block = first; size && block <= last && block < sum->nr; block++)
		sum->blocks[block].known = false;
	if (size && sum->at / IMAGE_SUM_BLOCK >= first && sum->at / IMAGE_SUM_BLOCK <= last)
		sum->at = NOWHERE;
}

void image_sum_truncate(struct image_sum *sum, uint64_t size)
{
	uint64_t at = sum->at;

	image_sum_forget(sum, size, UINT64_MAX - size);
	sum->nr = minimum(sum->nr, size / IMAGE_SUM_BLOCK);
	if (!sum->nr) {
		free(sum->blocks);
		sum->blocks = NULL;
	}
	/* What was written last ends there. */
	if (at == size)
		sum->at = at;
}

/* Reading ------------------------------------------------------------------------------------------ */

/* Blocks that are read together, by so many threads at most: each has some, or it is not worth one. */
#define WINDOW	    32
#define THREADS_MAX 4
#define THREAD_PART 4

struct reading {
	const struct image_sum *sum; /* NULL: nothing is known */
	int fd;
	uint64_t size; /* of what is summed up */
	bool sparse; /* there may be holes */
	uint64_t hole; /* sum of a block of zeros, if so */
	uint64_t first; /* block of the window */
	size_t nr;
	uint64_t sums[WINDOW];
	atomic_size_t next; /* in the window */
	atomic_uint_least64_t done; /* bytes that are not told as progress */
	atomic_int err;
};

/* Returns: whether it need not be read. */
static bool is_known(const struct reading *reading, uint64_t block, size_t size, uint64_t *xxh64)
{
	const struct image_sum *sum = reading->sum;
	uint64_t start = block * IMAGE_SUM_BLOCK;

	if (sum && size == IMAGE_SUM_BLOCK && block < sum->nr && sum->blocks[block].known) {
		*xxh64 = sum->blocks[block].xxh64;
		return true;
	}
	/* The last one; of one that is whole the state outlives what is known. */
	if (!sum || !sum->state || sum->at != start + size || size == IMAGE_SUM_BLOCK)
		return false;
	*xxh64 = XXH64_digest(sum->state);
	return true;
}

static int sum_hole(struct reading *reading)
{
	static const uint8_t zeros[1 << 12];
	XXH64_state_t *state = XXH64_createState();

	if (!state)
		return -ENOMEM;
	XXH64_reset(state, 0);
	for (size_t done = 0; done < IMAGE_SUM_BLOCK; done += sizeof(zeros))
		XXH64_update(state, zeros, sizeof(zeros));
	reading->hole = XXH64_digest(state);
	XXH64_freeState(state);
	return 0;
}

/* Returns: up to where there is nothing but a hole from there on; or from where on, if that cannot be told. */
static uint64_t end_of_hole(const struct reading *reading, uint64_t at)
{
	off_t data = reading->sparse && at < reading->size ? lseek(reading->fd, at, SEEK_DATA) : (off_t)at;

	if (data < 0)
		return errno == ENXIO ? reading->size : at;
	return minimum(data, reading->size);
}

static int read_block(struct reading *reading, uint64_t block, uint64_t *xxh64)
{
	uint64_t at = block * IMAGE_SUM_BLOCK;
	uint64_t end = minimum(at + IMAGE_SUM_BLOCK, reading->size);
	uint8_t buffer[1 << 17];
	XXH64_state_t *state;
	ssize_t n = 1;

	if (is_known(reading, block, end - at, xxh64))
		return 0;
	if (end_of_hole(reading, at) >= at + IMAGE_SUM_BLOCK) {
		*xxh64 = reading->hole;
		reading->done += IMAGE_SUM_BLOCK;
		return 0;
	}
	state = XXH64_createState();
	if (!state)
		return -ENOMEM;
	XXH64_reset(state, 0);
	while (at < end && n) {
		n = pread(reading->fd, buffer, minimum(sizeof(buffer), end - at), at);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0) {
			XXH64_update(state, buffer, n);
			reading->done += n;
			at += n;
		}
	}
	n = n < 0 ? -errno : 0;
	*xxh64 = XXH64_digest(state);
	XXH64_freeState(state);
	/* What is shorter than it was has another checksum, whatever that is. */
	return n;
}

static void read_window(struct reading *reading, bool tell)
{
	size_t i;

	while (!reading->err && (i = reading->next++) < reading->nr) {
		int err = read_block(reading, reading->first + i, &reading->sums[i]);

		if (err)
			reading->err = err;
		if (tell)
			progress_add(atomic_exchange(&reading->done, 0));
	}
}

static void *help(void *reading)
{
	read_window(reading, false);
	return NULL;
}

static size_t count_processors(void)
{
	cpu_set_t set;

	/* With more of them than fit in a set there are enough. */
	return sched_getaffinity(0, sizeof(set), &set) ? THREADS_MAX : CPU_COUNT(&set);
}

static int read_together(struct reading *reading, size_t processors)
{
	pthread_t threads[THREADS_MAX];
	size_t max = minimum(minimum(processors, THREADS_MAX), reading->nr / THREAD_PART), nr = 0;

	reading->next = 0;
	while (nr + 1 < max && thread_start(&threads[nr], help, reading))
		nr++;
	read_window(reading, true);
	while (nr)
		pthread_join(threads[--nr], NULL);
	progress_add(atomic_exchange(&reading->done, 0));
	return reading->err;
}

static void add_sums(struct reading *reading, XXH64_state_t *total)
{
	for (size_t i = 0; i < reading->nr; i++)
		reading->sums[i] = htole64(reading->sums[i]);
	XXH64_update(total, reading->sums, reading->nr * sizeof(*reading->sums));
	reading->first += reading->nr;
}

/* A short image can have long ones: of whole blocks of them only the sums are summed up. */
static void pass_hole(struct reading *reading, XXH64_state_t *total)
{
	uint64_t end = end_of_hole(reading, reading->first * IMAGE_SUM_BLOCK) / IMAGE_SUM_BLOCK;

	while (reading->first < end) {
		reading->nr = minimum(end - reading->first, WINDOW);
		for (size_t i = 0; i < reading->nr; i++)
			reading->sums[i] = reading->hole;
		progress_add(reading->nr * IMAGE_SUM_BLOCK);
		add_sums(reading, total);
	}
}

static int read_all(struct reading *reading, XXH64_state_t *total)
{
	uint64_t blocks = reading->size / IMAGE_SUM_BLOCK + !!(reading->size % IMAGE_SUM_BLOCK);
	size_t processors = blocks > 1 ? count_processors() : 1;
	int ret = 0;

	if (reading->sparse)
		ret = sum_hole(reading);
	while (!ret && reading->first < blocks) {
		/* What is known was written. */
		if (!reading->sum)
			pass_hole(reading, total);
		reading->nr = minimum(blocks - reading->first, WINDOW);
		ret = read_together(reading, processors);
		add_sums(reading, total);
	}
	return ret;
}

int image_sum_read(const struct image_sum *sum, int fd, uint64_t max, struct image_summed *summed)
{
	struct reading reading = { .sum = sum, .fd = fd };
	XXH64_state_t *total;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	total = XXH64_createState();
	if (!total)
		return -ENOMEM;
	XXH64_reset(total, 0);
	reading.size = minimum(st.st_size, max);
	reading.sparse = (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size;
	ret = read_all(&reading, total);
	*summed = (struct image_summed){ st.st_size, XXH64_digest(total) };
	XXH64_freeState(total);
	return ret;
}
