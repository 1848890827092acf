// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "procfs/order.h"
#include "restore/tree/inherited_locks.h"

/* What the locks of a file say of it. */
struct origin {
	pid_t taker; /* of its first lock that is of a process of the checkpoint, 0: there is none */
	pid_t flocker; /* of its first flock: a description has one */
	bool flocked;
	bool in_flight; /* and nowhere else */
};

struct job {
	struct checkpoint *inherited;
	const struct checkpoint *locks;
	const struct saved_tree *tree;
	const struct memory_sources *sources; /* NULL: numbers are made up */
	struct origin *origins; /* of each file */
	const char *path;
	const struct image_error *error;
};

/* What is mapped ------------------------------------------------------------------------------------ */

static const Image__VmaEntry *find_vma(const struct saved_tree *tree, const struct crlock_holder *mapping)
{
	const struct saved_process *process = saved_find(tree, mapping->tgid);
	const Image__MmEntry *mm = process ? process->mm : NULL;
	size_t nr = mm ? mm->n_vmas : 0, first = FIRST_NOT(i, nr, mm->vmas[i]->end <= mapping->where);
	const Image__VmaEntry *vma =
		first < nr && mm->vmas[first]->start <= mapping->where ? mm->vmas[first] : NULL;

	return vma && vma->status & (SAVED_VMA_FILE_PRIVATE | SAVED_VMA_FILE_SHARED) ? vma : NULL;
}

/* Returns: the number of a descriptor, -1: there is none. */
static int descriptor_for_mapping(const struct job *job, const struct crlock_holder *mapping, size_t i)
{
	const Image__VmaEntry *vma = find_vma(job->tree, mapping);

	if (!vma)
		return -1;
	return job->sources ? memory_fd(job->sources, vma) : INT_MAX - (int)i;
}

/* What is in flight --------------------------------------------------------------------------------- */

/* Who set the file's first lock, if it is there again: any process can, for all have the descriptor. */
static pid_t find_taker(const struct checkpoint *locks, const struct origin *origin)
{
	if (origin->taker)
		return origin->taker;
	return locks->nr_processes ? locks->processes[0].pid : 0;
}

static int descriptor_in_flight(const struct job *job, const struct checkpoint_file *file, size_t i)
{
	return job->sources ? restore_files_fd(job->sources->files, file->in_flight) : INT_MAX - (int)i;
}

/* What another process than has it set ---------------------------------------------------------------- */

static bool has_descriptor_in(const struct checkpoint_file *file, pid_t pid)
{
	for (size_t i = 0; i < file->nr_holders; i++) {
		if (lock_holder_of_process(&file->holders[i]) && file->holders[i].tgid == pid)
			return true;
	}
	return false;
}

/* Returns: who set a flock and is there again, but has no descriptor of it any more; 0: nobody. */
static pid_t find_setter(const struct checkpoint *locks, const struct checkpoint_file *file,
			 const struct origin *origin)
{
	return origin->flocked && checkpoint_has_process(locks, origin->flocker) &&
			       !has_descriptor_in(file, origin->flocker)
		       ? origin->flocker
		       : 0;
}

/* Returns: the number of a descriptor, -1: there is none. */
static int descriptor_for_setter(const struct job *job, const struct checkpoint_file *file, size_t i)
{
	if (!job->sources)
		return INT_MAX - (int)i;
	for (size_t j = 0; j < file->nr_holders; j++) {
		const struct crlock_holder *holder = &file->holders[j];
		const struct saved_process *process = saved_find(job->tree, holder->tgid);

		if (process && !process->zombie && lock_holder_of_process(holder))
			return restore_files_fd_of(job->sources->files, process->ids->files_id, holder->fd);
	}
	return -1;
}

/* All ----------------------------------------------------------------------------------------------- */

static int add_copy(struct checkpoint *inherited, const struct checkpoint_file *file, pid_t pid, int fd)
{
	struct checkpoint_file *copy = &inherited->files[inherited->nr_files];

	*copy = *file;
	copy->holders = malloc(sizeof(*copy->holders));
	if (!copy->holders)
		return -ENOMEM;
	*copy->holders = (struct crlock_holder){
		.file_id = file->id,
		.tgid = pid,
		.tid = pid,
		.fd = fd,
		.kind = CRLOCK_HOLDER_DESCRIPTOR,
	};
	copy->nr_holders = 1;
	inherited->nr_files++;
	return checkpoint_note_file(inherited);
}

static int add_mapped(const struct job *job, const struct checkpoint_file *file,
		      const struct crlock_holder *mapping, size_t i)
{
	int fd = descriptor_for_mapping(job, mapping, i);
	int ret = fd < 0 ? -EBADMSG : add_copy(job->inherited, file, mapping->tgid, fd);

	if (ret)
		image_error(job->error, ret, job->path, "a lock of what process %d has mapped at %llx: %s",
			    mapping->tgid, (unsigned long long)mapping->where, strerror(-ret));
	return ret;
}

static int add_in_flight(const struct job *job, const struct checkpoint_file *file, size_t i)
{
	int fd = descriptor_in_flight(job, file, i);
	pid_t taker = find_taker(job->locks, &job->origins[i]);
	int ret = fd < 0 ? -EBADMSG : add_copy(job->inherited, file, taker, fd);

	if (ret)
		image_error(job->error, ret, job->path, "a lock of %s, which is in flight: %s", file->path,
			    strerror(-ret));
	return ret;
}

/* Without such a descriptor who has it takes the lock, as any other. */
static int add_set(const struct job *job, const struct checkpoint_file *file, pid_t setter, size_t i)
{
	int fd = descriptor_for_setter(job, file, i);
	int ret = fd < 0 ? 0 : add_copy(job->inherited, file, setter, fd);

	return ret ? image_error(job->error, ret, job->path, "a lock of %s: %s", file->path, strerror(-ret))
		   : 0;
}

/* Of all files at once, for there may be as many as locks. */
static void note_origins(const struct job *job)
{
	const struct checkpoint *locks = job->locks;

	for (size_t i = 0; i < locks->nr_files; i++)
		job->origins[i].in_flight =
			locks->files[i].in_flight && !checkpoint_has_descriptor(locks, &locks->files[i]);
	for (size_t i = 0; i < locks->locks.nr; i++) {
		const struct crlock_lock *row = &locks->locks.locks[i].row;
		const struct checkpoint_file *file = checkpoint_file_of(locks, row->file_id);
		struct origin *origin = file ? &job->origins[file - locks->files] : NULL;

		if (!origin)
			continue;
		if (!origin->taker && checkpoint_has_process(locks, row->pid))
			origin->taker = row->pid;
		if (!origin->flocked && row->kind == CRLOCK_KIND_FLOCK) {
			origin->flocker = row->pid;
			origin->flocked = true;
		}
	}
}

static int add_files(const struct job *job)
{
	const struct checkpoint *locks = job->locks;
	int ret = 0;

	for (size_t i = 0; i < locks->nr_files && !ret; i++) {
		const struct checkpoint_file *file = &locks->files[i];
		const struct crlock_holder *mapping = checkpoint_mapping_of(locks, file);
		pid_t setter = find_setter(locks, file, &job->origins[i]);

		if (mapping)
			ret = add_mapped(job, file, mapping, i);
		else if (job->origins[i].in_flight)
			ret = add_in_flight(job, file, i);
		else if (setter)
			ret = add_set(job, file, setter, i);
	}
	return ret;
}

/* Closing the descriptor would take away what is of a process. Mappings keep only what flock(2) has set. */
static bool is_inherited(const struct job *job, const struct crlock_lock *row)
{
	const struct checkpoint_file *file = checkpoint_file_of(job->locks, row->file_id);

	if (!file || !checkpoint_file_of(job->inherited, row->file_id))
		return false;
	return row->kind == CRLOCK_KIND_FLOCK ||
	       (row->kind != CRLOCK_KIND_POSIX && job->origins[file - job->locks->files].in_flight);
}

static void move_locks(const struct job *job, struct lock_list *list)
{
	struct checkpoint *inherited = job->inherited;
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (is_inherited(job, &list->locks[i].row))
			inherited->locks.locks[inherited->locks.nr++] = list->locks[i];
		else
			list->locks[nr++] = list->locks[i];
	}
	list->nr = nr;
}

int inherited_locks_split(struct checkpoint *inherited, struct checkpoint *locks,
			  const struct saved_tree *tree, const struct memory_sources *sources,
			  const char *path, const struct image_error *error)
{
	struct job job = { inherited, locks, tree, sources, .path = path, .error = error };
	int ret;

	*inherited = *locks;
	inherited->files = calloc(locks->nr_files + 1, sizeof(*inherited->files));
	inherited->nr_files = 0;
	inherited->by_id = (struct image_lookup){ 0 };
	inherited->locks.locks = calloc(locks->locks.nr + 1, sizeof(*inherited->locks.locks));
	inherited->locks.nr = 0;
	job.origins = calloc(locks->nr_files + 1, sizeof(*job.origins));
	if (!inherited->files || !inherited->locks.locks || !job.origins) {
		free(job.origins);
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	}
	note_origins(&job);
	ret = add_files(&job);
	if (!ret)
		move_locks(&job, &locks->locks);
	free(job.origins);
	return ret;
}

void inherited_locks_free(struct checkpoint *inherited)
{
	for (size_t i = 0; i < inherited->nr_files; i++)
		free(inherited->files[i].holders);
	free(inherited->files);
	image_lookup_free(&inherited->by_id);
	lock_list_free(&inherited->locks);
	*inherited = (struct checkpoint){ 0 };
}
