// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pipes with a name. Their path is told by a record of a regular file, which also has the flags.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/files/path.h"
#include "restore/files/pipe_data.h"
#include "restore/files/regular.h"
#include "restore/files/remap.h"

/* Open for both: no one waits for the other end, and what is in it stays. */
struct held_fifo {
	uint32_t id;
	int fd;
};

struct fifos {
	struct pipe_contents contents;
	struct held_fifo *held;
	size_t nr;
};

static bool describe(struct restored_file *file)
{
	const Image__FifoEntry *fifo = file->entry->fifo;

	return fifo && fifo->id == file->id && fifo->has_regf_id;
}

static struct restored_file *path_of(const struct restore_files *files, const struct restored_file *file)
{
	return files_find(files, file->entry->fifo->regf_id);
}

static int read_data(struct restore_files *files, const struct image_error *error)
{
	files->rooms.fifos = calloc(1, sizeof(*files->rooms.fifos));
	if (!files->rooms.fifos)
		return -ENOMEM;
	return pipe_contents_read(files, &files->rooms.fifos->contents, "fifo-data.img",
				  IMAGE_MAGIC_FIFO_DATA, error);
}

static int validate(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	struct restored_file *path = path_of(files, file);

	if (!path || path->kind != &regular_kind)
		return files_wrong(files, file, error, "its path is not recorded");
	path->claimed = true;
	file->flags = path->flags;
	file->fown = path->fown;
	return 0;
}

/* Returns: a descriptor (O_PATH) that the caller closes, or a negative errno value. */
static int lookup(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	struct restored_file *path = path_of(files, file);
	const char *why;
	struct stat stat;
	int fd;

	if (remap_of(files, path)) {
		fd = remap_lookup(files, path, error);
		if (fd < 0)
			return fd;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} else {
		fd = path_lookup(files, path->entry->reg->name, 0);
		errno = -fd;
	}
	if (fd < 0)
		return files_fail(files, path, error);
	if (fstat(fd, &stat) || !S_ISFIFO(stat.st_mode))
		why = "is another kind of file than it was";
	else
		why = remap_of(files, path) ? NULL : regular_difference(path->entry->reg, &stat);
	if (!why)
		return fd;
	close(fd);
	return image_error(error, -EBUSY, path->entry->reg->name, "%s", why);
}

/* Once for each FIFO. Returns: 0 or -errno. */
static int hold(struct restore_files *files, uint32_t id, int path_fd)
{
	struct fifos *fifos = files->rooms.fifos;
	struct pipe_content *content = pipe_contents_find(&fifos->contents, id);
	struct held_fifo *held;
	int fd;

	for (size_t i = 0; i < fifos->nr; i++) {
		if (fifos->held[i].id == id)
			return 0;
	}
	fd = path_reopen(path_fd, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return fd;
	fd = files_move(files, fd);
	held = fd < 0 ? NULL : files_append(&fifos->held, &fifos->nr, sizeof(*held));
	if (!held) {
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : -ENOMEM;
	}
	*held = (struct held_fifo){ id, fd };
	return content ? pipe_content_fill(files, &fifos->contents, content, false, fd) : 0;
}

static int open_fifo(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	int path_fd = lookup(files, file, error), fd, ret;

	if (path_fd < 0)
		return path_fd;
	if (file->flags & O_PATH)
		return files_keep(files, file, path_fd, error);
	ret = hold(files, file->entry->fifo->pipe_id, path_fd);
	fd = ret ? ret : path_reopen(path_fd, file->flags);
	close(path_fd);
	return files_keep(files, file, fd, error);
}

static void check(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles)
{
	char text[256] = "";
	const struct image_error error = { text, sizeof(text) };
	int fd;

	if (remap_of(files, path_of(files, file)))
		return;
	fd = lookup(files, file, &error);
	if (fd < 0) {
		obstacles->say(text, obstacles->data);
		obstacles->nr++;
		return;
	}
	close(fd);
}

static void let_go(struct restore_files *files)
{
	struct fifos *fifos = files->rooms.fifos;

	for (size_t i = 0; fifos && i < fifos->nr; i++)
		close(fifos->held[i].fd);
	if (fifos)
		fifos->nr = 0;
}

static int complete(struct restore_files *files, const struct image_error *error)
{
	(void)error;
	let_go(files);
	return 0;
}

static void free_fifos(struct restore_files *files)
{
	struct fifos *fifos = files->rooms.fifos;

	if (!fifos)
		return;
	free(fifos->contents.contents);
	free(fifos->held);
	free(fifos);
}

const struct file_kind fifo_kind = {
	.name = "FIFO",
	.describe = describe,
	.read = read_data,
	.validate = validate,
	.check = check,
	.open = open_fifo,
	.complete = complete,
	.abandon = let_go,
	.free = free_fifos,
};
