// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pipes, with and without a name, and what is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/files/kinds.h"
#include "dump/files/place.h"
#include "dump/files/source.h"
#include "pipes-data.pb-c.h"

/* One for each inode. Images know a pipe by a number: that of its inode, unless another one has that too. */
struct pipe_seen {
	struct inode inode;
	uint32_t id;
	bool written;
};

struct fifo {
	struct pipe_seen *seen;
	struct place place;
	uint32_t place_id; /* the entry of its path */
};

struct pipe {
	struct pipe_seen *seen;
};

static bool is_taken(const struct dump_files *files, uint32_t id)
{
	for (const struct inode *i = files->pipes.first; i; i = i->next) {
		if (((const struct pipe_seen *)i)->id == id)
			return true;
	}
	return false;
}

static struct pipe_seen *pipe_of(struct dump_files *files, const struct dump_file *file)
{
	uint32_t id = file->stat.ino;
	struct pipe_seen *seen = inodes_find(&files->pipes, file->stat.dev, file->stat.ino);

	if (seen)
		return seen;
	/* Numbers of pipes without a name are unique as long as they are few. */
	if (file->path[0] == '/' || file->stat.ino > UINT32_MAX) {
		while (!id || is_taken(files, id))
			id++;
	}
	seen = inodes_add(&files->pipes, file->stat.dev, file->stat.ino, sizeof(*seen));
	if (seen)
		seen->id = id;
	return seen;
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	struct pipe *pipe = file->own;

	(void)fd;
	pipe->seen = pipe_of(files, file);
	return pipe->seen ? 0 : -ENOMEM;
}

static int look_fifo(struct dump_files *files, struct dump_file *file, int fd)
{
	struct fifo *fifo = file->own;

	(void)fd;
	fifo->seen = pipe_of(files, file);
	fifo->place_id = files_next_id(files);
	return fifo->seen ? place_find(files, file, &fifo->place) : -ENOMEM;
}

static void clear_fifo(struct dump_file *file)
{
	struct fifo *fifo = file->own;

	place_clear(&fifo->place);
}

/* Content ------------------------------------------------------------------------------------------ */

/* A pipe of our own that has what the target's has, which keeps it. */
struct content {
	int ends[2];
	int size; /* of the target's */
	ssize_t bytes;
	char *buffer; /* of size */
};

static int take(struct content *content, int fd)
{
	content->size = fcntl(fd, F_GETPIPE_SZ);
	if (content->size < 0)
		return -errno;
	if (fcntl(content->ends[1], F_SETPIPE_SZ, content->size) < 0)
		return -errno;
	content->bytes = tee(fd, content->ends[1], INT_MAX, SPLICE_F_NONBLOCK);
	if (content->bytes < 0 && errno == EAGAIN)
		content->bytes = 0;
	if (content->bytes < 0)
		return -errno;
	content->buffer = malloc(content->size);
	return content->buffer ? 0 : -ENOMEM;
}

static int open_content(struct content *content, struct dump_files *files, const struct dump_file *file)
{
	int fd = source_duplicate(files, &file->source), ret;

	*content = (struct content){ .ends = { -1, -1 } };
	if (fd < 0)
		return fd;
	ret = pipe2(content->ends, O_CLOEXEC | O_NONBLOCK) ? -errno : take(content, fd);
	close(fd);
	return ret;
}

static void close_content(struct content *content)
{
	free(content->buffer);
	if (content->ends[0] >= 0) {
		close(content->ends[0]);
		close(content->ends[1]);
	}
}

static int write_record(struct dump_files *files, enum file_image_name image, uint32_t id,
			const struct content *content, size_t bytes)
{
	Image__PipeDataEntry entry = IMAGE__PIPE_DATA_ENTRY__INIT;
	int ret;

	entry.pipe_id = id;
	entry.bytes = bytes;
	entry.has_size = true;
	entry.size = content->size;
	ret = files_write(files, image, &entry.base);
	return ret || !bytes ? ret : files_write_bytes(files, image, content->buffer, bytes);
}

/* A read gives all that there is, or one packet: of packets there is a record for each. */
static int write_records(struct dump_files *files, enum file_image_name image, uint32_t id,
			 const struct content *content)
{
	ssize_t left = content->bytes, n;
	int ret = left ? 0 : write_record(files, image, id, content, 0);

	while (!ret && left > 0) {
		n = read(content->ends[0], content->buffer, content->size);
		if (n <= 0)
			return image_error(files->error, n ? -errno : -EIO, "pipe", "%s",
					   strerror(n ? errno : EIO));
		ret = write_record(files, image, id, content, n);
		left -= n;
	}
	return ret;
}

static int write_content(struct dump_files *files, const struct dump_file *file, struct pipe_seen *seen,
			 enum file_image_name image)
{
	struct content content;
	int ret;

	if (seen->written || (file->flags & O_ACCMODE) == O_WRONLY)
		return 0;
	seen->written = true;
	ret = open_content(&content, files, file);
	if (ret)
		ret = image_error(files->error, ret, file->path, "%s", strerror(-ret));
	else
		ret = write_records(files, image, seen->id, &content);
	close_content(&content);
	return ret;
}

/* Entries ------------------------------------------------------------------------------------------ */

static int write_pipe(struct dump_files *files, struct dump_file *file)
{
	const struct pipe *pipe = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__PipeEntry message = IMAGE__PIPE_ENTRY__INIT;
	int ret;

	message.id = file->id;
	message.pipe_id = pipe->seen->id;
	message.flags = file->flags;
	message.fown = &file->owner;
	entry.pipe = &message;
	ret = files_write_entry(files, file, &entry);
	return ret ? ret : write_content(files, file, pipe->seen, FILE_IMAGE_PIPES_DATA);
}

static int write_fifo(struct dump_files *files, struct dump_file *file)
{
	const struct fifo *fifo = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__FifoEntry message = IMAGE__FIFO_ENTRY__INIT;
	int ret = place_write(files, file, &fifo->place, fifo->place_id);

	message.id = file->id;
	message.pipe_id = fifo->seen->id;
	message.has_regf_id = true;
	message.regf_id = fifo->place_id;
	entry.fifo = &message;
	ret = ret ? ret : files_write_entry(files, file, &entry);
	return ret ? ret : write_content(files, file, fifo->seen, FILE_IMAGE_FIFO_DATA);
}

const struct file_kind file_kind_pipe = {
	.type = IMAGE__FD_TYPES__PIPE,
	.size = sizeof(struct pipe),
	.look = look,
	.write = write_pipe,
};

const struct file_kind file_kind_fifo = {
	.type = IMAGE__FD_TYPES__FIFO,
	.size = sizeof(struct fifo),
	.look = look_fifo,
	.write = write_fifo,
	.clear = clear_fifo,
};
