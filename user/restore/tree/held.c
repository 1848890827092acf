// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "image/hold.h"
#include "image/say.h"
#include "restore/tree/held.h"

/* Returns: 0 or a negative errno value. */
static int give(struct images *images, struct hold_name name, int fd)
{
	const struct saved_process *process = saved_find(&images->tree, name.pid);

	if (process && !process->zombie)
		return restore_files_give(images->files, process->ids->files_id, name.fd, fd);
	close(fd);
	return -ENOENT;
}

static int take_all(struct images *images, int connection)
{
	struct hold_name name;
	int fd, ret;

	while ((ret = hold_receive(connection, &name, &fd)) > 0) {
		ret = give(images, name, fd);
		if (ret)
			break;
	}
	return ret;
}

int held_take(struct images *images, const char *path, const struct image_error *error)
{
	int connection = hold_connect(images->dir), ret;

	if (connection == -ECONNREFUSED) {
		say("%s: the process that held the locks is gone", path);
		return -ENOENT;
	}
	if (connection == -ENOENT)
		return connection;
	ret = connection < 0 ? connection : take_all(images, connection);
	if (!ret)
		return connection;
	if (connection >= 0)
		close(connection);
	/* It names what the checkpoint does not have. */
	if (ret == -ENOENT)
		ret = -EPROTO;
	return image_error(error, ret, path, IMAGE_HOLD ": the locks that are held cannot be had: %s",
			   strerror(-ret));
}

bool held_has(const struct images *images, pid_t pid, int fd)
{
	const struct saved_process *process = saved_find(&images->tree, pid);

	return process && !process->zombie &&
	       restore_files_is_given(images->files, process->ids->files_id, fd);
}
