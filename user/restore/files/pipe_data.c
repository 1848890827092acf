// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipes-data.pb-c.h"
#include "procfs/order.h"
#include "restore/files/pipe_data.h"

static int skip_bytes(struct image_reader *reader, uint32_t bytes, const struct image_error *error)
{
	char buf[4096];
	int ret = 0;

	while (!ret && bytes) {
		size_t n = bytes < sizeof(buf) ? bytes : sizeof(buf);

		ret = image_read_bytes(reader, buf, n, error);
		bytes -= n;
	}
	return ret;
}

static int take(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		void *data, const struct image_error *error)
{
	const Image__PipeDataEntry *entry = (const Image__PipeDataEntry *)message;
	struct pipe_contents *all = data;
	struct pipe_content *content = files_append(&all->contents, &all->nr, sizeof(*content));
	int ret = -ENOMEM;

	(void)files;
	if (content) {
		*content = (struct pipe_content){
			.pipe_id = entry->pipe_id,
			.bytes = entry->bytes,
			.size = entry->size,
			.offset = reader->next,
		};
		ret = entry->bytes > PIPE_MAX || entry->size > PIPE_MAX
			      ? image_reader_wrong(reader, error, "the size of a pipe is absurd")
			      : skip_bytes(reader, entry->bytes, error);
	}
	protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct pipe_content *x = a, *y = b;

	return ((x->pipe_id > y->pipe_id) - (x->pipe_id < y->pipe_id))
		       ?: ((x->offset > y->offset) - (x->offset < y->offset));
}

int pipe_contents_read(struct restore_files *files, struct pipe_contents *contents, const char *image,
		       uint32_t magic, const struct image_error *error)
{
	int ret;

	contents->image = image;
	ret = files_read_image(files, image, magic, &image__pipe_data_entry__descriptor, take, contents,
			       error);
	if (!ret && contents->nr)
		qsort(contents->contents, contents->nr, sizeof(*contents->contents), compare);
	return ret;
}

struct pipe_content *pipe_contents_find(const struct pipe_contents *contents, uint32_t pipe_id)
{
	size_t first = FIRST_NOT(i, contents->nr, contents->contents[i].pipe_id < pipe_id);

	return first < contents->nr && contents->contents[first].pipe_id == pipe_id
		       ? &contents->contents[first]
		       : NULL;
}

/* Copies, for a pipe that is written to has full buffers, as it must have for its size to be enough. */
static int copy(int image, off_t offset, int pipe, size_t bytes)
{
	char buf[65536];

	while (bytes) {
		ssize_t n = pread(image, buf, bytes < sizeof(buf) ? bytes : sizeof(buf), offset);

		if (n > 0)
			n = write(pipe, buf, n);
		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		offset += n;
		bytes -= n;
	}
	return 0;
}

static bool is_same_pipe(const struct pipe_contents *contents, const struct pipe_content *content,
			 const struct pipe_content *next)
{
	return next < contents->contents + contents->nr && next->pipe_id == content->pipe_id;
}

/* In this mode each write makes a packet, which no read goes beyond. */
static int set_packets(int fd, bool packets)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = packets ? flags | O_DIRECT : flags & ~O_DIRECT;
	return fcntl(fd, F_SETFL, flags) ? -errno : 0;
}

static int copy_all(const struct restore_files *files, const struct pipe_contents *contents,
		    const struct pipe_content *content, int fd)
{
	int image = image_open(files->dir, contents->image), ret = 0;

	if (image < 0)
		return image;
	for (const struct pipe_content *next = content; !ret && is_same_pipe(contents, content, next); next++)
		ret = copy(image, next->offset, fd, next->bytes);
	close(image);
	/* It is full, and would have been then. */
	return ret == -EAGAIN ? -ENOSPC : ret;
}

int pipe_content_fill(const struct restore_files *files, const struct pipe_contents *contents,
		      struct pipe_content *content, bool packets, int fd)
{
	int ret;

	if (content->filled)
		return 0;
	content->filled = true;
	if (content->size && fcntl(fd, F_GETPIPE_SZ) != (int)content->size &&
	    fcntl(fd, F_SETPIPE_SZ, content->size) < 0)
		return -errno;
	packets |= is_same_pipe(contents, content, content + 1);
	ret = packets ? set_packets(fd, true) : 0;
	if (!ret)
		ret = copy_all(files, contents, content, fd);
	if (!ret && packets)
		ret = set_packets(fd, false);
	return ret;
}
