// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk over a table of descriptors, in batches, with nothing locked between them.
 *
 * It does what iterate_fd() does, and beside that tells close-on-exec and passes over holes by words:
 * task_lock() keeps task->files, file_lock in it keeps the descriptors and with them the files.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "descriptors.h"

/* Descriptors in one go under file_lock, a spinlock. */
#define BATCH 1000

/* Return: as crlock_descriptor_fn, or 1 at the table's end. */
static int visit_batch(struct files_struct *files, unsigned int *next, crlock_descriptor_fn *visit,
		       void *data)
{
	struct fdtable *fdt = files_fdtable(files);
	unsigned int fd = *next, nr = 0;
	int ret = 0;

	while (nr++ < BATCH) {
		struct crlock_descriptor descriptor = { .table = files };

		fd = fd < fdt->max_fds ? find_next_bit(fdt->open_fds, fdt->max_fds, fd) :
					 fdt->max_fds;
		if (fd >= fdt->max_fds) {
			ret = 1;
			break;
		}
		descriptor.fd = fd;
		descriptor.cloexec = test_bit(fd, fdt->close_on_exec);
		descriptor.file = rcu_dereference_protected(
			fdt->fd[fd], lockdep_is_held(&files->file_lock));
		/* A number that is taken, with the file still to come. */
		ret = descriptor.file ? visit(&descriptor, data) : 0;
		if (ret)
			break;
		fd++;
	}
	*next = fd;
	return ret;
}

/**
 * crlock_walk_descriptors - Visits each descriptor of a thread's table.
 * @task: the caller has a reference
 * @visit: is called with @data for each
 * @room: is called with @data after @visit gave -ENOSPC
 * @data: for @visit and @room
 *
 * Return: 0, -EINTR if the caller is being killed, or an error of @visit or @room.
 */
int crlock_walk_descriptors(struct task_struct *task, crlock_descriptor_fn *visit,
			    crlock_room_fn *room, void *data)
{
	unsigned int fd = 0;
	int ret;

	do {
		ret = 1;
		task_lock(task);
		if (task->files) {
			spin_lock(&task->files->file_lock);
			ret = visit_batch(task->files, &fd, visit, data);
			spin_unlock(&task->files->file_lock);
		}
		task_unlock(task);
		if (ret == -ENOSPC)
			ret = room(data);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (!ret);
	return ret < 0 ? ret : 0;
}
