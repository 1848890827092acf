// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/container.h"
#include "image/magic.h"
#include "image/pages.h"
#include "image/progress.h"
#include "pagemap.pb-c.h"
#include "procfs/order.h"

/* Of the field flags. */
enum { IN_PARENT = 1, LAZY = 2, PRESENT = 4 };

/* In bytes; nothing of a process is above. */
#define ADDRESS_MAX (1ULL << 57)

static int append(struct image_pages *pages, const struct image_run *run)
{
	struct image_run *last = pages->nr ? &pages->runs[pages->nr - 1] : NULL;

	if (last && last->start + last->size == run->start) {
		last->size += run->size;
		return 0;
	}
	/* Doubled at powers of two. */
	if (!(pages->nr & (pages->nr - 1))) {
		struct image_run *larger =
			reallocarray(pages->runs, pages->nr ? 2 * pages->nr : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		pages->runs = larger;
	}
	pages->runs[pages->nr++] = *run;
	return 0;
}

static int take_entry(struct image_pages *pages, const Image__PagemapEntry *entry, off_t *offset)
{
	const struct image_run *last = pages->nr ? &pages->runs[pages->nr - 1] : NULL;
	uint64_t nr = entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;
	struct image_run run = { .start = entry->vaddr, .offset = *offset };

	if (entry->has_in_parent && entry->in_parent)
		return -EOPNOTSUPP;
	if (entry->has_flags && !(entry->flags & PRESENT))
		return entry->flags & (IN_PARENT | LAZY) ? -EOPNOTSUPP : -EBADMSG;
	if (run.start % IMAGE_PAGE_SIZE || run.start >= ADDRESS_MAX ||
	    nr > (ADDRESS_MAX - run.start) / IMAGE_PAGE_SIZE ||
	    (last && run.start < last->start + last->size))
		return -EBADMSG;
	if (!nr)
		return 0;
	run.size = nr * IMAGE_PAGE_SIZE;
	*offset += run.size;
	return append(pages, &run);
}

static int refuse(const struct image_reader *reader, int ret, const struct image_error *error)
{
	if (ret == -EBADMSG)
		return image_reader_wrong(reader, error, "the record makes no sense");
	if (ret == -EOPNOTSUPP)
		return image_error(error, ret, reader->name,
				   "has pages that are in a parent checkpoint, or on a server");
	return image_error(error, ret, reader->name, "%s", strerror(-ret));
}

static int read_head(struct image_reader *reader, uint32_t *id, const struct image_error *error)
{
	ProtobufCMessage *message;
	int ret = image_read(reader, &image__pagemap_head__descriptor, &message, error);

	if (ret)
		return ret;
	if (!message)
		return image_reader_wrong(reader, error, "it is truncated");
	*id = ((Image__PagemapHead *)message)->pages_id;
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

static int read_runs(struct image_pages *pages, struct image_reader *reader, off_t *size,
		     const struct image_error *error)
{
	ProtobufCMessage *message;
	int ret;

	while (!(ret = image_read(reader, &image__pagemap_entry__descriptor, &message, error)) && message) {
		ret = take_entry(pages, (Image__PagemapEntry *)message, size);
		protobuf_c_message_free_unpacked(message, NULL);
		if (ret)
			return refuse(reader, ret, error);
	}
	return ret;
}

static int open_pages(struct image_pages *pages, int dir, const char *path, uint32_t id, off_t size,
		      const struct image_error *error)
{
	struct stat st;
	char name[64];

	snprintf(name, sizeof(name), "pages-%u.img", id);
	pages->fd = image_open(dir, name);
	/* To a caller -ENOENT is that there is no map of pages. */
	if (pages->fd < 0)
		return image_error(error, pages->fd == -ENOENT ? -EBADMSG : pages->fd, path, "%s: %s", name,
				   pages->fd == -EBADMSG ? "is no regular file" : strerror(-pages->fd));
	if (fstat(pages->fd, &st))
		return image_error(error, -errno, path, "%s: %s", name, strerror(errno));
	if (st.st_size != size)
		return image_error(error, -EBADMSG, path, "%s: has %lld bytes, not %lld", name,
				   (long long)st.st_size, (long long)size);
	return 0;
}

/* Pages that several maps had would take memory again for each. */
static int claim(uint32_t id, const char *path, const char *name, const struct image_error *error)
{
	int ret = image_reader_claim(id, name);

	if (ret == -EEXIST)
		return image_error(error, -EBADMSG, path, "%s: its pages-%u.img is another's, too", name, id);
	return ret ? image_error(error, ret, path, "%s", strerror(-ret)) : 0;
}

int image_pages_open(struct image_pages *pages, int dir, const char *path, const char *name,
		     const struct image_error *error)
{
	struct image_reader reader;
	off_t size = 0;
	uint32_t id = 0;
	int ret;

	*pages = (struct image_pages){ .fd = -1 };
	ret = image_reader_open(&reader, dir, path, name, IMAGE_MAGIC_PAGEMAP, error);
	if (ret)
		return ret;
	ret = read_head(&reader, &id, error);
	if (!ret)
		ret = read_runs(pages, &reader, &size, error);
	image_reader_close(&reader);
	if (!ret && size)
		ret = claim(id, path, name, error);
	if (!ret && size)
		ret = open_pages(pages, dir, path, id, size, error);
	if (ret)
		image_pages_close(pages);
	return ret;
}

void image_pages_close(struct image_pages *pages)
{
	free(pages->runs);
	if (pages->fd >= 0)
		close(pages->fd);
	*pages = (struct image_pages){ .fd = -1 };
}

size_t image_pages_find(const struct image_pages *pages, uint64_t address)
{
	return FIRST_NOT(i, pages->nr, pages->runs[i].start + pages->runs[i].size <= address);
}

/* So much at once, for progress to be seen. */
#define READ_MAX (64U << 20)

static int read_all(int fd, char *data, size_t size, off_t offset)
{
	while (size) {
		ssize_t n = pread(fd, data, size < READ_MAX ? size : READ_MAX, offset);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -EBADMSG;
		if (n > 0) {
			progress_add(n);
			data += n;
			size -= n;
			offset += n;
		}
	}
	return 0;
}

int image_pages_read(const struct image_pages *pages, uint64_t address, void *data, size_t size)
{
	uint64_t end = address + size;

	memset(data, 0, size);
	for (size_t i = image_pages_find(pages, address); i < pages->nr; i++) {
		const struct image_run *run = &pages->runs[i];
		uint64_t from = run->start > address ? run->start : address;
		uint64_t to = run->start + run->size < end ? run->start + run->size : end;
		int ret;

		if (run->start >= end)
			break;
		ret = read_all(pages->fd, (char *)data + (from - address), to - from,
			       run->offset + (from - run->start));
		if (ret)
			return ret;
	}
	return 0;
}
