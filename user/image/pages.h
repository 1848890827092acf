/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading memory: pagemap-*.img says which pages there are, pages-*.img has their bytes in the same order.
 */
#ifndef IMAGE_PAGES_H
#define IMAGE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/directory.h"

#define IMAGE_PAGE_SIZE 4096UL

/* Pages one behind the other. */
struct image_run {
	uint64_t start; /* address, or offset in shared memory */
	uint64_t size; /* bytes */
	off_t offset; /* of the first byte in the image of pages */
};

struct image_pages {
	struct image_run *runs; /* ascending, without overlap */
	size_t nr;
	int fd; /* of the image of pages; -1: there are none */
};

/**
 * image_pages_open - Reads which pages there are, and opens the image that has them.
 * @pages: the caller ends with image_pages_close()
 * @dir: the directory, @path its path for messages
 * @name: "pagemap-PID.img" or "pagemap-shmem-ID.img"
 *
 * Returns: 0; -ENOENT if there is no such image; -EBADMSG; -EOPNOTSUPP if pages are in a parent checkpoint or
 * are to be fetched from a server; or another negative errno value.
 */
int image_pages_open(struct image_pages *pages, int dir, const char *path, const char *name,
		     const struct image_error *error);

/** image_pages_close - Closes the image and frees the list. */
void image_pages_close(struct image_pages *pages);

/** image_pages_find - Index of the first run that ends behind an address; @nr: there is none. */
size_t image_pages_find(const struct image_pages *pages, uint64_t address);

/**
 * image_pages_read - Reads bytes; pages that the image has not are zero.
 *
 * Returns: 0 or a negative errno value.
 */
int image_pages_read(const struct image_pages *pages, uint64_t address, void *data, size_t size);

#endif
