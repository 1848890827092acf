/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk over a table of descriptors, in batches, with nothing locked between them.
 *
 * It does what iterate_fd() does, and beside that tells close-on-exec and passes over holes by words:
 * task_lock() keeps task->files, file_lock in it keeps the descriptors and with them the files.
 *
 * It is inline, so that for each of perhaps a million descriptors no function need be called.
 */
#ifndef CRLOCK_DESCRIPTORS_H
#define CRLOCK_DESCRIPTORS_H

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "room.h"

/**
 * struct crlock_descriptor - A descriptor that is being visited.
 * @file: lives until the visit ends
 * @table: the table that it is in, only to be compared
 * @fd: its number
 * @cloexec: it is closed by execve()
 * @first: it is the first that is visited since the table was locked
 */
struct crlock_descriptor {
	struct file *file;
	const void *table;
	int fd;
	bool cloexec;
	bool first;
};

/**
 * typedef crlock_descriptor_fn - Visits a descriptor. Under spinlocks: must not sleep.
 * @descriptor: good until it returns
 * @data: as given to the walk
 *
 * Return: 0, or an error that ends the walk; -ENOSPC: what the walk's room function makes is missing,
 * come back with the same descriptor.
 */
typedef int crlock_descriptor_fn(const struct crlock_descriptor *descriptor, void *data);

/* Words of a table's bitmaps that are passed over in one go under file_lock, a spinlock. */
#define CRLOCK_WORDS_AT_ONCE (1000 / BITS_PER_LONG)

/*
 * Files and their inodes are all over the memory. Looked at one after the other while nothing waits for
 * what is read, they are fetched several at a time.
 */
static __always_inline void crlock_look_ahead(const struct fdtable *fdt, unsigned int word,
					      unsigned long open)
{
	const struct file_lock_context *context;
	const struct inode *inodes[BITS_PER_LONG];
	unsigned int nr = 0, i;
	struct file *file;

	for (; open; open &= open - 1) {
		file = rcu_dereference_raw(fdt->fd[word * BITS_PER_LONG + __ffs(open)]);
		if (!file)
			continue;
		(void)READ_ONCE(file->f_path.mnt);
		inodes[nr++] = READ_ONCE(file->f_inode);
	}
	for (i = 0; i < nr; i++) {
		(void)READ_ONCE(inodes[i]->i_sb);
		(void)READ_ONCE(inodes[i]->i_ino);
		context = READ_ONCE(inodes[i]->i_flctx);
		if (context)
			(void)READ_ONCE(context->flc_flock.next);
	}
}

/*
 * Visits the descriptors from *@next on, a bitmap's word after the other. Return: as
 * crlock_descriptor_fn, or 1 at the table's end.
 */
static __always_inline int crlock_visit_descriptors(struct files_struct *files, unsigned int *next,
						    crlock_descriptor_fn *visit, void *data)
{
	struct fdtable *fdt = files_fdtable(files);
	unsigned int word = *next / BITS_PER_LONG, end = word + CRLOCK_WORDS_AT_ONCE;
	unsigned long open;
	bool first = true;
	int ret;

	for (; word < end && word < fdt->max_fds / BITS_PER_LONG; word++) {
		open = fdt->open_fds[word] & (~0UL << *next % BITS_PER_LONG);
		crlock_look_ahead(fdt, word, open);
		for (; open; open &= open - 1) {
			unsigned int fd = word * BITS_PER_LONG + __ffs(open);
			struct crlock_descriptor descriptor = {
				.file = rcu_dereference_protected(fdt->fd[fd],
								  lockdep_is_held(&files->file_lock)),
				.table = files,
				.fd = fd,
				.cloexec = test_bit(fd, fdt->close_on_exec),
				.first = first,
			};

			/* A number that is taken, with the file still to come. */
			ret = descriptor.file ? visit(&descriptor, data) : 0;
			if (ret) {
				*next = fd;
				return ret;
			}
			first &= !descriptor.file;
		}
		*next = (word + 1) * BITS_PER_LONG;
	}
	return word < fdt->max_fds / BITS_PER_LONG ? 0 : 1;
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
static __always_inline int crlock_walk_descriptors(struct task_struct *task,
						   crlock_descriptor_fn *visit, crlock_room_fn *room,
						   void *data)
{
	unsigned int fd = 0;
	int ret;

	do {
		ret = 1;
		task_lock(task);
		if (task->files) {
			spin_lock(&task->files->file_lock);
			ret = crlock_visit_descriptors(task->files, &fd, visit, data);
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

#endif
