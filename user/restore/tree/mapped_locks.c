// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "restore/tree/mapped_locks.h"

static const Image__VmaEntry *find_vma(const struct saved_tree *tree, const struct crlock_holder *mapping)
{
	const struct saved_process *process = saved_find(tree, mapping->tgid);
	const Image__MmEntry *mm = process ? process->mm : NULL;

	for (size_t i = 0; mm && i < mm->n_vmas; i++) {
		const Image__VmaEntry *vma = mm->vmas[i];

		if (mapping->where >= vma->start && mapping->where < vma->end)
			return vma->status & (SAVED_VMA_FILE_PRIVATE | SAVED_VMA_FILE_SHARED) ? vma :
												NULL;
	}
	return NULL;
}

/* Returns: the number of a descriptor, or a negative errno value. */
static int descriptor_for(const struct saved_tree *tree, const struct memory_sources *sources,
			  const struct crlock_holder *mapping, size_t i)
{
	const Image__VmaEntry *vma = find_vma(tree, mapping);
	int fd;

	if (!vma)
		return -EBADMSG;
	fd = sources ? memory_fd(sources, vma) : INT_MAX - (int)i;
	return fd < 0 ? -EBADMSG : fd;
}

static int add_file(struct checkpoint *mapped, const struct checkpoint_file *file,
		    const struct crlock_holder *mapping, int fd)
{
	struct checkpoint_file *copy = &mapped->files[mapped->nr_files];

	*copy = *file;
	copy->holders = malloc(sizeof(*copy->holders));
	if (!copy->holders)
		return -ENOMEM;
	*copy->holders = *mapping;
	copy->holders->kind = CRLOCK_HOLDER_DESCRIPTOR;
	copy->holders->fd = fd;
	copy->nr_holders = 1;
	mapped->nr_files++;
	return 0;
}

static int add_files(struct checkpoint *mapped, const struct checkpoint *locks,
		     const struct saved_tree *tree, const struct memory_sources *sources,
		     const char *path, const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; i < locks->nr_files && !ret; i++) {
		const struct checkpoint_file *file = &locks->files[i];
		const struct crlock_holder *mapping = checkpoint_mapping_of(locks, file);

		if (!mapping)
			continue;
		ret = descriptor_for(tree, sources, mapping, i);
		ret = ret < 0 ? ret : add_file(mapped, file, mapping, ret);
		if (ret)
			image_error(error, ret, path, "a lock of what process %d has mapped at %llx: %s",
				    mapping->tgid, (unsigned long long)mapping->where, strerror(-ret));
	}
	return ret;
}

static void move_locks(struct checkpoint *mapped, struct lock_list *list)
{
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		const struct crlock_lock *row = &list->locks[i].row;

		/* Closing the descriptor would take away what is of a process. */
		if (row->kind == CRLOCK_KIND_FLOCK && checkpoint_file_of(mapped, row->file_id))
			mapped->locks.locks[mapped->locks.nr++] = list->locks[i];
		else
			list->locks[nr++] = list->locks[i];
	}
	list->nr = nr;
}

int mapped_locks_split(struct checkpoint *mapped, struct checkpoint *locks, const struct saved_tree *tree,
		       const struct memory_sources *sources, const char *path,
		       const struct image_error *error)
{
	int ret;

	*mapped = *locks;
	mapped->files = calloc(locks->nr_files + 1, sizeof(*mapped->files));
	mapped->nr_files = 0;
	mapped->locks.locks = calloc(locks->locks.nr + 1, sizeof(*mapped->locks.locks));
	mapped->locks.nr = 0;
	if (!mapped->files || !mapped->locks.locks)
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	ret = add_files(mapped, locks, tree, sources, path, error);
	if (!ret)
		move_locks(mapped, &locks->locks);
	return ret;
}

void mapped_locks_free(struct checkpoint *mapped)
{
	for (size_t i = 0; i < mapped->nr_files; i++)
		free(mapped->files[i].holders);
	free(mapped->files);
	lock_list_free(&mapped->locks);
	*mapped = (struct checkpoint){ 0 };
}
