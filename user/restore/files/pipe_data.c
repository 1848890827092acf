// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipes-data.pb-c.h"
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

	return (x->pipe_id > y->pipe_id) - (x->pipe_id < y->pipe_id);
}

int pipe_contents_read(struct restore_files *files, struct pipe_contents *contents,
		       const char *image, uint32_t magic, const struct image_error *error)
{
	int ret;

	contents->image = image;
	ret = files_read_image(files, image, magic, &image__pipe_data_entry__descriptor, take,
			       contents, error);
	if (ret || !contents->nr)
		return ret;
	qsort(contents->contents, contents->nr, sizeof(*contents->contents), compare);
	for (size_t i = 1; i < contents->nr; i++) {
		if (contents->contents[i].pipe_id == contents->contents[i - 1].pipe_id)
			return image_error(error, -EBADMSG, files->path,
					   "%s: pipe %u is there twice", image,
					   contents->contents[i].pipe_id);
	}
	return 0;
}

struct pipe_content *pipe_contents_find(const struct pipe_contents *contents, uint32_t pipe_id)
{
	struct pipe_content wanted = { .pipe_id = pipe_id };

	if (!contents->nr)
		return NULL;
	return bsearch(&wanted, contents->contents, contents->nr, sizeof(wanted), compare);
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

int pipe_content_fill(const struct restore_files *files, const struct pipe_contents *contents,
		      struct pipe_content *content, int fd)
{
	int image, ret;

	if (content->filled)
		return 0;
	content->filled = true;
	if (content->size && fcntl(fd, F_GETPIPE_SZ) != (int)content->size &&
	    fcntl(fd, F_SETPIPE_SZ, content->size) < 0)
		return -errno;
	if (!content->bytes)
		return 0;
	image = openat(files->dir, contents->image, O_RDONLY | O_CLOEXEC);
	if (image < 0)
		return -errno;
	ret = copy(image, content->offset, fd, content->bytes);
	close(image);
	/* It is full, and would have been then. */
	return ret == -EAGAIN ? -ENOSPC : ret;
}
