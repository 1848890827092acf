// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crlock/show/contents.h"
#include "image/common_locks.h"
#include "image/inventory.h"
#include "image/magic.h"

static int no_memory(const struct contents *contents, const struct image_error *error)
{
	return image_error(error, -ENOMEM, contents->path, "%s", strerror(ENOMEM));
}

static bool is_there(const struct contents *contents, const char *name)
{
	return !faccessat(contents->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) || errno != ENOENT;
}

/* Locks -------------------------------------------------------------------------------------------- */

const char *contents_comm(const struct contents *contents, pid_t pid)
{
	const struct saved_process *process = saved_find(&contents->tree, pid);
	const struct checkpoint_process *other;

	if (process)
		return saved_task(process)->comm;
	other = checkpoint_process_of(&contents->locks, pid);
	return other ? other->comm : NULL;
}

static struct lock_holders *make_holders(const struct contents *contents, const struct checkpoint_file *file)
{
	struct lock_holders *holders = lock_holders_new(file->nr_holders);

	for (size_t i = 0; holders && i < file->nr_holders; i++) {
		const char *comm = contents_comm(contents, file->holders[i].tgid);

		holders->rows[i].row = file->holders[i];
		holders->rows[i].comm = comm ? strdup(comm) : NULL;
		if (comm && !holders->rows[i].comm) {
			lock_holders_put(holders);
			return NULL;
		}
	}
	return holders;
}

/* To a lock, which was read without: who holds it, and where it is. @holders: of its file, NULL: not made yet */
static int complete_lock(const struct contents *contents, struct lock *lock,
			 const struct checkpoint_file *file, struct lock_holders **holders)
{
	if (!*holders)
		*holders = make_holders(contents, file);
	if (!*holders)
		return -ENOMEM;
	lock_set_holders(lock, *holders);
	lock->mnt_id = contents->own ? file->mnt_id : -1;
	lock->path = strdup(file->path);
	/* The common format has no ids: these were made up. */
	if (!contents->own)
		lock->unknown |= LOCK_UNKNOWN_ID;
	return lock->path ? 0 : -ENOMEM;
}

static int complete_locks(struct contents *contents)
{
	const struct checkpoint *checkpoint = &contents->locks;
	struct lock_list *list = &contents->locks.locks;
	struct lock_holders **holders = calloc(checkpoint->nr_files + 1, sizeof(*holders));
	int ret = holders ? 0 : -ENOMEM;

	for (size_t i = 0; i < list->nr && !ret; i++) {
		const struct checkpoint_file *file =
			checkpoint_file_of(checkpoint, list->locks[i].row.file_id);

		if (file)
			ret = complete_lock(contents, &list->locks[i], file,
					    &holders[file - checkpoint->files]);
	}
	for (size_t i = 0; holders && i < checkpoint->nr_files; i++)
		lock_holders_put(holders[i]);
	free(holders);
	return ret;
}

static int read_locks(struct contents *contents, const struct image_error *error)
{
	const struct common_files files = shown_files_common(&contents->files);
	int ret;

	if (contents->own)
		ret = checkpoint_read(&contents->locks, contents->path, error->text, error->size);
	else
		ret = common_locks_read(&contents->locks, &contents->tree, &files, contents->dir,
					contents->path, error);
	if (ret)
		return ret;
	if (complete_locks(contents))
		return no_memory(contents, error);
	lock_list_sort(&contents->locks.locks);
	return 0;
}

/* Processes ---------------------------------------------------------------------------------------- */

static int read_memory(struct contents *contents, const struct image_error *error)
{
	struct shown_sources sources = {
		.dir = contents->dir,
		.path = contents->path,
		.files = &contents->files,
		.error = error,
	};
	int ret = 0;

	contents->memory = calloc(contents->tree.nr, sizeof(*contents->memory));
	if (!contents->memory)
		return no_memory(contents, error);
	for (size_t i = 0; i < contents->tree.nr && !ret; i++) {
		if (!contents->tree.processes[i].zombie)
			ret = shown_memory_read(&contents->memory[i], &sources, &contents->tree.processes[i]);
	}
	shown_sources_free(&sources);
	return ret;
}

static int check_tables(const struct contents *contents, const struct image_error *error)
{
	for (size_t i = 0; i < contents->tree.nr; i++) {
		const struct saved_process *process = &contents->tree.processes[i];

		if (process->ids && !shown_files_table(&contents->files, process->ids->files_id))
			return image_error(error, -EBADMSG, contents->path,
					   "ids-%d.img: there is no fdinfo-%u.img", process->pid,
					   process->ids->files_id);
	}
	return 0;
}

static int read_whole(struct contents *contents, const struct image_error *error)
{
	int ret = saved_read(&contents->tree, contents->dir, contents->path, error);

	ret = ret ? ret : shown_files_read(&contents->files, contents->dir, contents->path, error);
	ret = ret ? ret : check_tables(contents, error);
	return ret ? ret : read_memory(contents, error);
}

/* The whole ---------------------------------------------------------------------------------------- */

int contents_read(struct contents *contents, const char *path, const struct image_error *error)
{
	int ret;

	*contents = (struct contents){ .path = path };
	contents->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (contents->dir < 0)
		return image_error(error, -errno, path, "%s", strerror(errno));
	ret = inventory_load(&contents->inventory, contents->dir, path, error);
	if (ret)
		return ret;
	contents->own = is_there(contents, IMAGE_CRLOCK);
	contents->whole = contents->inventory->root_ids || is_there(contents, "pstree.img") || !contents->own;
	if (contents->whole)
		ret = read_whole(contents, error);
	return ret ? ret : read_locks(contents, error);
}

void contents_free(struct contents *contents)
{
	if (contents->memory) {
		for (size_t i = 0; i < contents->tree.nr; i++)
			free(contents->memory[i].dumped);
	}
	free(contents->memory);
	checkpoint_free(&contents->locks);
	shown_files_free(&contents->files);
	saved_free(&contents->tree);
	if (contents->inventory)
		image__inventory_entry__free_unpacked(contents->inventory, NULL);
	if (contents->dir >= 0)
		close(contents->dir);
}
