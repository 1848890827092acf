// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filelocks.pb-c.h"
#include "image/common_locks.h"
#include "image/container.h"
#include "image/filelocks.h"
#include "image/magic.h"
#include "locks/append.h"
#include "procfs/order.h"

#define LOCKS_MAX (1U << 22)

/* Descriptors times processes that share their table: a small image can make many of them. */
#define HOLDERS_MAX (1U << 20)

/* Which file a descriptor leads to. */
struct opening {
	uint32_t table;
	int fd;
	uint32_t file;
};

struct job {
	struct checkpoint *locks;
	const struct saved_tree *tree;
	const struct common_files *files;
	struct opening *openings; /* by file */
	size_t nr_openings;
	const struct saved_process **processes; /* that have files, by their table */
	size_t nr_processes;
	size_t nr_holders; /* of all files */
	int ret;
};

/* ---- Who had what open ---- */

static void note_opening(uint32_t table, int fd, uint32_t file, void *data)
{
	struct job *job = data;

	if (!job->ret)
		job->ret = append(job->openings, job->nr_openings, ((struct opening){ table, fd, file }));
}

static int compare_openings(const void *a, const void *b)
{
	const struct opening *x = a, *y = b;

	COMPARE(x->file, y->file);
	COMPARE(x->table, y->table);
	COMPARE(x->fd, y->fd);
	return 0;
}

static int compare_processes(const void *a, const void *b)
{
	const struct saved_process *x = *(const struct saved_process *const *)a;
	const struct saved_process *y = *(const struct saved_process *const *)b;

	COMPARE(x->ids->files_id, y->ids->files_id);
	COMPARE(x, y);
	return 0;
}

/* For a small image can have many descriptors and many processes. */
static int sort_all(struct job *job)
{
	const struct saved_tree *tree = job->tree;

	job->processes = calloc(tree->nr + 1, sizeof(*job->processes));
	if (!job->processes)
		return -ENOMEM;
	for (size_t i = 0; i < tree->nr; i++) {
		if (tree->processes[i].ids)
			job->processes[job->nr_processes++] = &tree->processes[i];
	}
	qsort(job->processes, job->nr_processes, sizeof(*job->processes), compare_processes);
	job->files->each(job->files->data, note_opening, job);
	if (!job->ret && job->nr_openings)
		qsort(job->openings, job->nr_openings, sizeof(*job->openings), compare_openings);
	return job->ret;
}

static size_t first_opening(const struct job *job, uint32_t file)
{
	return FIRST_NOT(i, job->nr_openings, job->openings[i].file < file);
}

static size_t first_process(const struct job *job, uint32_t table)
{
	return FIRST_NOT(i, job->nr_processes, job->processes[i]->ids->files_id < table);
}

static int add_holder(struct job *job, struct checkpoint_file *file, const struct crlock_holder *holder)
{
	struct crlock_holder *larger;

	if (++job->nr_holders > HOLDERS_MAX)
		return -EBADMSG;
	larger = reallocarray(file->holders, file->nr_holders + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	file->holders = larger;
	larger[file->nr_holders++] = *holder;
	return 0;
}

/* A descriptor that leads to a file, in every process with that table. */
static int hold(struct job *job, struct checkpoint_file *file, const struct opening *opening)
{
	size_t i = first_process(job, opening->table);
	int ret = 0;

	for (; !ret && i < job->nr_processes && job->processes[i]->ids->files_id == opening->table; i++)
		ret = add_holder(job, file,
				 &(struct crlock_holder){
					 .file_id = opening->file,
					 .files_id = opening->table,
					 .tgid = job->processes[i]->pid,
					 .tid = job->processes[i]->pid,
					 .fd = opening->fd,
					 .kind = CRLOCK_HOLDER_DESCRIPTOR,
				 });
	return ret;
}

static int add_file(struct job *job, uint32_t id)
{
	const char *path = job->files->path(job->files->data, id);
	struct checkpoint *locks = job->locks;
	struct checkpoint_file *files;
	int ret = 0;

	if (checkpoint_file_of(locks, id))
		return 0;
	files = reallocarray(locks->files, locks->nr_files + 1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	locks->files = files;
	files += locks->nr_files++;
	*files = (struct checkpoint_file){ .id = id, .path = strdup(path ? path : "?") };
	if (!files->path || checkpoint_note_file(locks))
		return -ENOMEM;
	for (size_t i = first_opening(job, id); !ret && i < job->nr_openings && job->openings[i].file == id;
	     i++)
		ret = hold(job, files, &job->openings[i]);
	return ret;
}

static int add_processes(struct job *job)
{
	struct checkpoint *locks = job->locks;

	locks->processes = calloc(job->tree->nr, sizeof(*locks->processes));
	if (!locks->processes)
		return -ENOMEM;
	for (size_t i = 0; i < job->tree->nr; i++) {
		const struct saved_process *process = &job->tree->processes[i];

		if (!process->ids)
			continue;
		locks->processes[locks->nr_processes++] = (struct checkpoint_process){
			.pid = process->pid,
			.files_id = process->ids->files_id,
		};
		if (checkpoint_note_process(locks))
			return -ENOMEM;
	}
	return 0;
}

/* ---- Locks ---- */

/* Returns: whether the record makes sense. */
static bool understand(struct crlock_lock *row, const Image__FileLockEntry *entry)
{
	int kind = filelocks_kind(entry->flag);
	unsigned int type = entry->type & ~FILELOCKS_BREAKING;

	if (kind < 0 || type > F_UNLCK || entry->start < 0 || entry->len < 0 ||
	    (entry->len && entry->start > INT64_MAX - entry->len))
		return false;
	row->kind = kind;
	row->start = entry->start;
	row->end = entry->len ? entry->start + entry->len - 1 : CRLOCK_EOF;
	row->held = row->target = type;
	row->pid = entry->pid;
	if (!(entry->type & FILELOCKS_BREAKING))
		return type != F_UNLCK;
	/* Only a write lease can become a read lease. What one was that is to be given up is not told: see below. */
	row->held = type == F_RDLCK ? F_WRLCK : F_RDLCK;
	row->state = type == F_RDLCK ? CRLOCK_LOCK_DOWNGRADE_PENDING : CRLOCK_LOCK_UNLOCK_PENDING;
	row->break_ms = row->downgrade_ms = CRLOCK_NO_DEADLINE;
	return kind == CRLOCK_KIND_LEASE && type != F_WRLCK;
}

static int add_lock(struct job *job, const Image__FileLockEntry *entry)
{
	const struct saved_process *process = saved_find(job->tree, entry->pid);
	struct lock_list *list = &job->locks->locks;
	struct lock lock = { .mnt_id = -1 }, *larger;
	uint32_t table, file;
	int ret;

	if (!understand(&lock.row, entry) || !process || !process->ids || list->nr == LOCKS_MAX)
		return -EBADMSG;
	table = process->ids->files_id;
	file = job->files->find(job->files->data, table, entry->fd);
	if (!file)
		return -EBADMSG;
	ret = add_file(job, file);
	if (ret)
		return ret;
	/* No read lease is on what is open for writing. */
	if (lock.row.state & CRLOCK_LOCK_UNLOCK_PENDING &&
	    job->files->access(job->files->data, file) != O_RDONLY)
		lock.row.held = F_WRLCK;
	lock.row.file_id = file;
	lock.row.owner_id = lock.row.kind == CRLOCK_KIND_POSIX ? table : file;
	lock.unknown = LOCK_UNKNOWN_DEADLINE | LOCK_UNKNOWN_HOLDERS | LOCK_UNKNOWN_NOTICE |
		       LOCK_UNKNOWN_GENERATION | LOCK_UNKNOWN_RANK | LOCK_UNKNOWN_FLAGS;
	larger = reallocarray(list->locks, list->nr + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	list->locks = larger;
	larger[list->nr++] = lock;
	return 0;
}

static int read_records(struct job *job, struct image_reader *reader, const struct image_error *error)
{
	ProtobufCMessage *message;
	int ret;

	while (!(ret = image_read(reader, &image__file_lock_entry__descriptor, &message, error)) && message) {
		ret = add_lock(job, (Image__FileLockEntry *)message);
		protobuf_c_message_free_unpacked(message, NULL);
		if (ret == -EBADMSG)
			return image_reader_wrong(reader, error, "the record makes no sense");
		if (ret)
			return image_error(error, ret, reader->name, "%s", strerror(-ret));
		/* A lock is larger than the message that it was made of. */
		ret = image_reader_pay(reader, sizeof(struct lock) - sizeof(Image__FileLockEntry), error);
		if (ret)
			return ret;
	}
	return ret;
}

int common_locks_read(struct checkpoint *locks, const struct saved_tree *tree,
		      const struct common_files *files, int dir, const char *path,
		      const struct image_error *error)
{
	struct job job = { .locks = locks, .tree = tree, .files = files };
	struct image_reader reader;
	struct timespec now;
	int ret;

	*locks = (struct checkpoint){ .locks.source = LOCK_SOURCE_IMAGE };
	ret = image_reader_open(&reader, dir, path, IMAGE_FILELOCKS, IMAGE_MAGIC_FILELOCKS, error);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	clock_gettime(CLOCK_REALTIME, &now);
	locks->dump_time_ms = now.tv_sec * 1000ULL;
	ret = add_processes(&job);
	ret = ret ? ret : sort_all(&job);
	if (ret)
		image_error(error, ret, path, "%s", strerror(-ret));
	ret = ret ? ret : read_records(&job, &reader, error);
	image_reader_close(&reader);
	free(job.openings);
	free(job.processes);
	return ret;
}
