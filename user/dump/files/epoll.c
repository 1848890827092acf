// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Epoll sets. A target is a file, known to the set by the number that its descriptor had when it was added: the
 * number can be another file's by now, while the target is still there through other descriptors.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dump/files/kinds.h"
#include "dump/files/state.h"

struct target {
	uint32_t fd, was; /* where it is now, and its number in the set */
	uint32_t nth; /* of those with this number */
	uint32_t events;
	uint64_t data;
	uint64_t pos;
	uint64_t ino;
	uint32_t dev; /* as the kernel has it inside */
};

struct set {
	struct target *targets;
	size_t nr;
};

/* "NAME: VALUE" */
static bool field(struct proc_text *text, const char *name, unsigned int base, uint64_t max,
		  uint64_t *value)
{
	while (proc_text_skip(text, " "))
		;
	return proc_text_skip(text, name) &&
	       proc_text_unsigned(proc_text_word(text), base, max, value);
}

/* A position may be below zero. */
static bool position(struct proc_text *text, uint64_t *value)
{
	int64_t pos;

	while (proc_text_skip(text, " "))
		;
	if (!proc_text_skip(text, "pos:") || !proc_text_signed(proc_text_word(text), &pos))
		return false;
	*value = pos;
	return true;
}

static bool read_target(struct proc_text text, struct target *target)
{
	uint64_t fd, events, dev;

	if (!field(&text, "tfd:", 10, INT32_MAX, &fd) ||
	    !field(&text, "events:", 16, UINT32_MAX, &events) ||
	    !field(&text, "data:", 16, UINT64_MAX, &target->data) ||
	    !position(&text, &target->pos) ||
	    !field(&text, "ino:", 16, UINT64_MAX, &target->ino) ||
	    !field(&text, "sdev:", 16, UINT32_MAX, &dev))
		return false;
	target->fd = target->was = fd;
	target->events = events;
	target->dev = dev;
	return true;
}

static int line(struct dump_file *file, struct proc_text text)
{
	struct set *set = file->own;
	struct proc_text peek = text;
	struct target *targets;

	if (!proc_text_skip(&peek, "tfd:"))
		return 0;
	targets = files_grow(set->targets, set->nr, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	set->targets = targets;
	targets[set->nr] = (struct target){ 0 };
	if (!read_target(text, &targets[set->nr]))
		return -EINVAL;
	/* Those of one number follow each other. */
	if (set->nr && targets[set->nr - 1].was == targets[set->nr].was)
		targets[set->nr].nth = targets[set->nr - 1].nth + 1;
	set->nr++;
	return 0;
}

/* Where they are ----------------------------------------------------------------------------------- */

static const struct file_table *table_of(const struct dump_files *files, pid_t pid)
{
	for (size_t i = 0; i < files->nr_tables; i++) {
		if (files->tables[i].pid == pid)
			return &files->tables[i];
	}
	return NULL;
}

static const struct table_entry *entry_of(const struct file_table *table, int fd)
{
	size_t from = 0, to = table->nr;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (table->entries[middle].fd < fd)
			from = middle + 1;
		else
			to = middle;
	}
	return from < table->nr && table->entries[from].fd == fd ? &table->entries[from] : NULL;
}

static bool is_target(const struct dump_file *file, const struct target *target,
		      const struct table_entry *entry)
{
	struct kcmp_epoll_slot slot = {
		.efd = file->source.fd,
		.tfd = target->was,
		.toff = target->nth,
	};
	pid_t pid = file->source.pid;

	if (!entry || entry->file->stat.ino != target->ino)
		return false;
	/* A socket's inode has one description only. The kernel looks through the whole set for each question. */
	if (S_ISSOCK(entry->file->stat.mode) && entry->fd == (int)target->was)
		return true;
	return syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, entry->fd, &slot) == 0;
}

static bool find(const struct dump_file *file, struct target *target,
		 const struct file_table *table)
{
	if (is_target(file, target, entry_of(table, target->was)))
		return true;
	for (size_t i = 0; i < table->nr; i++) {
		if (is_target(file, target, &table->entries[i])) {
			target->fd = table->entries[i].fd;
			return true;
		}
	}
	return false;
}

static int settle(struct dump_files *files, struct dump_file *file)
{
	const struct file_table *table = table_of(files, file->source.pid);
	struct set *set = file->own;

	if (!table) {
		if (set->nr)
			file_block(files, file, "an epoll set with targets that no process has");
		return 0;
	}
	for (size_t i = 0; i < set->nr; i++) {
		struct target *target = &set->targets[i];

		if (!find(file, target, table))
			file_block(files, file,
				   "an epoll set with a target that was descriptor %u and is none of the process any more",
				   target->was);
	}
	return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

static void fill_in(Image__EventpollTfdEntry *message, const struct dump_file *file,
		    const struct target *target)
{
	image__eventpoll_tfd_entry__init(message);
	message->id = file->id;
	message->tfd = target->fd;
	message->events = target->events;
	message->data = target->data;
	message->has_dev = true;
	message->dev = target->dev;
	message->has_inode = true;
	message->inode = target->ino;
	message->has_pos = true;
	message->pos = target->pos;
}

static int write_set(struct dump_files *files, const struct dump_file *file,
		     Image__EventpollTfdEntry *targets, Image__EventpollTfdEntry **list)
{
	const struct set *set = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__EventpollFileEntry message = IMAGE__EVENTPOLL_FILE_ENTRY__INIT;

	for (size_t i = 0; i < set->nr; i++) {
		fill_in(&targets[i], file, &set->targets[i]);
		list[i] = &targets[i];
	}
	message.id = file->id;
	message.flags = file->flags;
	message.fown = (Image__FownEntry *)&file->owner;
	message.n_tfd = set->nr;
	message.tfd = list;
	entry.epfd = &message;
	return files_write_entry(files, file, &entry);
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct set *set = file->own;
	Image__EventpollTfdEntry *targets = calloc(set->nr + 1, sizeof(*targets));
	Image__EventpollTfdEntry **list = calloc(set->nr + 1, sizeof(*list));
	int ret;

	if (targets && list)
		ret = write_set(files, file, targets, list);
	else
		ret = image_error(files->error, -ENOMEM, file->path, "no memory");
	free(targets);
	free(list);
	return ret;
}

static void clear(struct dump_file *file)
{
	struct set *set = file->own;

	free(set->targets);
}

const struct file_kind file_kind_epoll = {
	.type = IMAGE__FD_TYPES__EVENTPOLL,
	.size = sizeof(struct set),
	.line = line,
	.settle = settle,
	.write = write_file,
	.clear = clear,
};
