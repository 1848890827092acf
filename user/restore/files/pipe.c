// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pipes. Each is made once; the first description of either end takes the one that pipe2(2) makes, further ones
 * are opened anew from these. Ends that no one has are closed when all are open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "restore/files/inherit.h"
#include "restore/files/path.h"
#include "restore/files/pipe_data.h"

/* The kernel's O_LARGEFILE, which is not the C library's. */
#define OPENED 0100000

struct made_pipe {
	uint32_t id;
	int ends[2]; /* for reading, for writing; -1: someone has it */
	int any; /* one of them, or whoever has it */
	bool packets;
};

struct pipes {
	struct pipe_contents contents;
	struct made_pipe *made; /* by id */
	size_t nr;
};

static bool describe(struct restored_file *file)
{
	const Image__PipeEntry *pipe = file->entry->pipe;

	if (!pipe || pipe->id != file->id || (pipe->flags & O_ACCMODE) > O_RDWR)
		return false;
	file->flags = pipe->flags;
	file->fown = pipe->fown;
	return true;
}

static int read_data(struct restore_files *files, const struct image_error *error)
{
	files->rooms.pipes = calloc(1, sizeof(*files->rooms.pipes));
	if (!files->rooms.pipes)
		return -ENOMEM;
	return pipe_contents_read(files, &files->rooms.pipes->contents, "pipes-data.img",
				  IMAGE_MAGIC_PIPES_DATA, error);
}

static int compare(const void *a, const void *b)
{
	const struct made_pipe *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* One of each id. */
static int prepare(struct restore_files *files, const struct image_error *error)
{
	struct pipes *pipes = files->rooms.pipes;
	size_t nr = 0, distinct = 0;

	(void)error;
	pipes->made = calloc(files->nr_files + 1, sizeof(*pipes->made));
	if (!pipes->made)
		return -ENOMEM;
	for (size_t i = 0; i < files->nr_files; i++) {
		if (files->files[i].kind == &pipe_kind)
			pipes->made[nr++] = (struct made_pipe){
				.id = files->files[i].entry->pipe->pipe_id,
				.ends = { -1, -1 },
				.any = -1,
				.packets = files->files[i].flags & O_DIRECT,
			};
	}
	if (nr)
		qsort(pipes->made, nr, sizeof(*pipes->made), compare);
	for (size_t i = 0; i < nr; i++) {
		if (!distinct || pipes->made[distinct - 1].id != pipes->made[i].id)
			pipes->made[distinct++] = pipes->made[i];
		else
			pipes->made[distinct - 1].packets |= pipes->made[i].packets;
	}
	pipes->nr = distinct;
	return 0;
}

static int make(struct restore_files *files, struct made_pipe *pipe)
{
	struct pipe_content *content = pipe_contents_find(&files->rooms.pipes->contents, pipe->id);
	int ends[2], ret = 0;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	for (int i = 0; i < 2; i++) {
		pipe->ends[i] = files_move(files, ends[i]);
		if (pipe->ends[i] < 0)
			ret = pipe->ends[i];
	}
	pipe->any = pipe->ends[0];
	if (!ret && content)
		ret = pipe_content_fill(files, &files->rooms.pipes->contents, content, pipe->packets,
					pipe->ends[1]);
	return ret;
}

static int take_end(struct made_pipe *pipe, uint32_t flags)
{
	int end = flags & O_ACCMODE, fd, ret;

	/* One that has been opened, not made, is told by its flags. */
	if (end > 1 || pipe->ends[end] < 0 || flags & OPENED)
		return path_reopen(pipe->any, flags);
	fd = pipe->ends[end];
	ret = files_set_flags(fd, flags);
	if (ret)
		return ret;
	pipe->ends[end] = -1;
	return fd;
}

static int open_pipe(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	struct made_pipe wanted = { .id = file->entry->pipe->pipe_id }, *pipe;
	char key[64];
	int inherited, fd = 0;

	snprintf(key, sizeof(key), "pipe:[%u]", wanted.id);
	inherited = inherit_find(files, key);
	if (inherited >= 0)
		return inherit_take(files, file, inherited, error);
	pipe = bsearch(&wanted, files->rooms.pipes->made, files->rooms.pipes->nr, sizeof(wanted), compare);
	if (pipe->any < 0)
		fd = make(files, pipe);
	if (fd >= 0)
		fd = take_end(pipe, file->flags);
	return files_keep(files, file, fd, error);
}

/* Also after an error. */
static void close_ends(struct restore_files *files)
{
	struct pipes *pipes = files->rooms.pipes;

	for (size_t i = 0; i < pipes->nr; i++) {
		for (int end = 0; end < 2; end++) {
			if (pipes->made[i].ends[end] >= 0)
				close(pipes->made[i].ends[end]);
			pipes->made[i].ends[end] = -1;
		}
	}
}

static int complete(struct restore_files *files, const struct image_error *error)
{
	(void)error;
	close_ends(files);
	return 0;
}

static void free_pipes(struct restore_files *files)
{
	if (!files->rooms.pipes)
		return;
	free(files->rooms.pipes->contents.contents);
	free(files->rooms.pipes->made);
	free(files->rooms.pipes);
}

const struct file_kind pipe_kind = {
	.name = "pipe",
	.describe = describe,
	.read = read_data,
	.prepare = prepare,
	.open = open_pipe,
	.complete = complete,
	.abandon = close_ends,
	.free = free_pipes,
};
