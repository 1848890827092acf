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
#include "procfs/order.h"

struct target {
	const struct dump_file *file;
	uint32_t fd, was; /* its number now, if it has one beside the set, and that in the set */
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
static bool field(struct proc_text *text, const char *name, unsigned int base, uint64_t max, uint64_t *value)
{
	while (proc_text_skip(text, " "))
		;
	return proc_text_skip(text, name) && proc_text_unsigned(proc_text_word(text), base, max, value);
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

	if (!field(&text, "tfd:", 10, INT32_MAX, &fd) || !field(&text, "events:", 16, UINT32_MAX, &events) ||
	    !field(&text, "data:", 16, UINT64_MAX, &target->data) || !position(&text, &target->pos) ||
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
	size_t from = 0, to = table ? table->nr : 0;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (table->entries[middle].fd == fd)
			return &table->entries[middle];
		if (table->entries[middle].fd < fd)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* A descriptor of a file in the table. */
static const struct table_entry *entry_of_file(const struct file_table *table, const struct dump_file *file)
{
	for (size_t i = 0; table && i < table->nr; i++) {
		if (table->entries[i].file == file)
			return &table->entries[i];
	}
	return NULL;
}

static bool is_target(const struct dump_file *file, const struct target *target,
		      const struct dump_file *candidate)
{
	const struct file_source *source = &candidate->source;
	struct kcmp_epoll_slot slot = {
		.efd = file->source.fd,
		.tfd = target->was,
		.toff = target->nth,
	};

	if (source->fd < 0 || candidate->stat.ino != target->ino)
		return false;
	/* A socket's inode has one description only. The kernel looks through the whole set for each question. */
	if (S_ISSOCK(candidate->stat.mode))
		return true;
	return syscall(SYS_kcmp, source->pid, file->source.pid, KCMP_EPOLL_TFD, source->fd, &slot) == 0;
}

/* What has the number is most likely it; else any file of the tree may be. */
static const struct dump_file *find(const struct dump_files *files, const struct dump_file *file,
				    const struct target *target, const struct file_table *table)
{
	const struct table_entry *entry = entry_of(table, target->was);

	if (entry && is_target(file, target, entry->file))
		return entry->file;
	for (size_t i = 0; i < files->nr; i++) {
		if (is_target(file, target, files->files[i]))
			return files->files[i];
	}
	return NULL;
}

static int compare_targets(const void *x, const void *y)
{
	const struct target *a = *(const struct target *const *)x, *b = *(const struct target *const *)y;

	COMPARE(a->was, b->was);
	/* As they came. */
	COMPARE(a, b);
	return 0;
}

/* A set is in no order of numbers: between two of one there can be others. */
static int number(struct set *set)
{
	struct target **order = calloc(set->nr + 1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < set->nr; i++)
		order[i] = &set->targets[i];
	qsort(order, set->nr, sizeof(*order), compare_targets);
	for (size_t i = 1; i < set->nr; i++) {
		if (order[i]->was == order[i - 1]->was)
			order[i]->nth = order[i - 1]->nth + 1;
	}
	free(order);
	return 0;
}

static int settle(struct dump_files *files, struct dump_file *file)
{
	const struct file_table *table = table_of(files, file->source.pid);
	struct set *set = file->own;

	if (number(set))
		return -ENOMEM;
	for (size_t i = 0; i < set->nr; i++) {
		struct target *target = &set->targets[i];
		const struct table_entry *entry = entry_of(table, target->was);

		target->file = find(files, file, target, table);
		if (!target->file) {
			file_block(
				files, file,
				"an epoll set with a target that was descriptor %u and is none of the tree any more",
				target->was);
			continue;
		}
		if (!entry || entry->file != target->file)
			entry = entry_of_file(table, target->file);
		if (entry)
			target->fd = entry->fd;
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
	message->has_target_id = true;
	message->target_id = target->file->id;
	message->has_key_fd = target->fd != target->was;
	message->key_fd = target->was;
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
