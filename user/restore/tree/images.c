// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image/common_locks.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "restore/tree/images.h"
#include "restore/tree/timers.h"

static void each_descriptor(const void *data, void (*fn)(uint32_t, int, uint32_t, void *), void *fn_data)
{
	restore_files_each(data, fn, fn_data);
}

static uint32_t find_descriptor(const void *data, uint32_t table, int fd)
{
	return restore_files_id_of(data, table, fd);
}

static const char *path_of(const void *data, uint32_t id)
{
	return restore_files_path(data, id);
}

static int access_of(const void *data, uint32_t id)
{
	return restore_files_access(data, id);
}

/* Locks are taken by processes that come back, never by who has such a pid now. */
static int check_owners(const struct images *images, const char *path, const struct image_error *error)
{
	const struct checkpoint *locks = &images->locks;
	const struct saved_process *process;

	for (size_t i = 0; i < locks->nr_processes; i++) {
		if (!saved_find(&images->tree, locks->processes[i].pid))
			return image_error(error, -EBADMSG, path, "%s: process %d is none of the tree",
					   IMAGE_CRLOCK, locks->processes[i].pid);
	}
	for (size_t i = 0; i < locks->nr_files; i++) {
		for (size_t j = 0; j < locks->files[i].nr_holders; j++) {
			process = saved_find(&images->tree, locks->files[i].holders[j].tgid);
			if (process && process->zombie)
				return image_error(error, -EBADMSG, path,
						   "%s: process %d has files, but had ended", IMAGE_CRLOCK,
						   process->pid);
		}
	}
	return 0;
}

/* The whole truth, or what images of other programs tell. */
static int read_locks(struct images *images, const char *path, const struct image_error *error)
{
	const struct common_files files = { each_descriptor, find_descriptor, path_of, access_of,
					    images->files };
	int ret;

	if (!faccessat(images->dir, IMAGE_CRLOCK, F_OK, 0) || errno != ENOENT) {
		ret = checkpoint_read(&images->locks, path, error->text, error->size);
		return ret ? ret : check_owners(images, path, error);
	}
	return common_locks_read(&images->locks, &images->tree, &files, images->dir, path, error);
}

static int check_tables(const struct images *images, const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; i < images->tree.nr && !ret; i++) {
		if (!images->tree.processes[i].zombie)
			ret = restore_files_check_table(images->files,
							images->tree.processes[i].ids->files_id, error);
	}
	return ret;
}

/* Files have numbers of 32 bits. */
static int check_mappings(const struct saved_tree *tree, const char *path, const struct image_error *error)
{
	for (size_t i = 0; i < tree->nr; i++) {
		const Image__MmEntry *mm = tree->processes[i].mm;

		for (size_t j = 0; mm && j < mm->n_vmas; j++) {
			const Image__VmaEntry *vma = mm->vmas[j];

			if (vma->status & (SAVED_VMA_FILE_PRIVATE | SAVED_VMA_FILE_SHARED) &&
			    vma->shmid > UINT32_MAX)
				return image_error(error, -EBADMSG, path,
						   "mm-%d.img: the mapping at %llx is of no file",
						   tree->processes[i].pid, (unsigned long long)vma->start);
		}
	}
	return 0;
}

static int lacks(const char *path, const char *image, const struct saved_process *process, const char *what,
		 const struct image_error *error)
{
	return image_error(error, -EBADMSG, path, "%s-%d.img: its %s is no file of the images", image,
			   process->pid, what);
}

/* In place of what is not there a process would have this program's. */
static int check_places(const struct images *images, const char *path, const struct image_error *error)
{
	for (size_t i = 0; i < images->tree.nr; i++) {
		const struct saved_process *process = &images->tree.processes[i];

		if (process->zombie)
			continue;
		if (!restore_files_path(images->files, process->fs->root_id))
			return lacks(path, "fs", process, "root directory", error);
		if (!restore_files_path(images->files, process->fs->cwd_id))
			return lacks(path, "fs", process, "working directory", error);
		if (!restore_files_has(images->files, process->mm->exe_file_id))
			return lacks(path, "mm", process, "program", error);
	}
	return 0;
}

int images_read(struct images *images, const struct options *options, const struct image_error *error)
{
	const struct restore_files_options files = {
		.shell_job = options->shell_job,
		.root = options->root,
		.inherit = options->inherit,
		.nr_inherit = options->nr_inherit,
	};
	const char *path = options->dir;
	int ret;

	*images = (struct images){ 0 };
	images->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (images->dir < 0)
		return image_error(error, -errno, path, "%s", strerror(errno));
	ret = inventory_load(&images->inventory, images->dir, path, error);
	ret = ret ? ret : saved_read(&images->tree, images->dir, path, error);
	ret = ret ? ret : check_mappings(&images->tree, path, error);
	ret = ret ? ret : timers_check(&images->tree, path, error);
	ret = ret ? ret : restore_files_read(&images->files, images->dir, path, &files, error);
	ret = ret ? ret : check_tables(images, error);
	ret = ret ? ret : check_places(images, path, error);
	return ret ? ret : read_locks(images, path, error);
}

void images_close(struct images *images)
{
	checkpoint_free(&images->locks);
	restore_files_free(images->files);
	saved_free(&images->tree);
	if (images->inventory)
		image__inventory_entry__free_unpacked(images->inventory, NULL);
	images->inventory = NULL;
	if (images->dir >= 0)
		close(images->dir);
	images->dir = -1;
}
