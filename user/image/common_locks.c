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

#define LOCKS_MAX (1U << 22)

/* Descriptors times processes that share their table: a small image can make many of them. */
#define HOLDERS_MAX (1U << 20)

struct job {
	struct checkpoint *locks;
	const struct saved_tree *tree;
	const struct common_files *files;
	size_t nr_holders; /* of all files */
	int ret;
};

/* ---- Who had what open ---- */

/* Where a descriptor was looked for, and found. */
struct search {
	uint32_t table;
	int fd;
	uint32_t file; /* 0: not found */
};

static void look(uint32_t table, int fd, uint32_t file, void *data)
{
	struct search *search = data;

	if (table == search->table && fd == search->fd)
		search->file = file;
}

/* A descriptor that leads to a file, in every process with that table. */
struct holding {
	struct job *job;
	struct checkpoint_file *file;
};

static int add_holder(struct holding *holding, const struct crlock_holder *holder)
{
	struct checkpoint_file *file = holding->file;
	struct crlock_holder *larger;

	if (++holding->job->nr_holders > HOLDERS_MAX)
		return -EBADMSG;
	larger = reallocarray(file->holders, file->nr_holders + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	file->holders = larger;
	larger[file->nr_holders++] = *holder;
	return 0;
}

static void hold(uint32_t table, int fd, uint32_t file, void *data)
{
	struct holding *holding = data;
	const struct saved_tree *tree = holding->job->tree;

	if (file != holding->file->id)
		return;
	for (size_t i = 0; i < tree->nr && !holding->job->ret; i++) {
		const struct saved_process *process = &tree->processes[i];

		if (process->ids && process->ids->files_id == table)
			holding->job->ret = add_holder(holding, &(struct crlock_holder){
									.file_id = file,
									.files_id = table,
									.tgid = process->pid,
									.tid = process->pid,
									.fd = fd,
									.kind = CRLOCK_HOLDER_DESCRIPTOR,
								});
	}
}

static int add_file(struct job *job, uint32_t id)
{
	const char *path = job->files->path(job->files->data, id);
	struct checkpoint *locks = job->locks;
	struct checkpoint_file *files;

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
	job->files->each(job->files->data, hold, &(struct holding){ job, files });
	return job->ret;
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
	struct search search = { .fd = entry->fd };
	struct lock_list *list = &job->locks->locks;
	struct lock lock = { .mnt_id = -1 }, *larger;
	int ret;

	if (!understand(&lock.row, entry) || !process || !process->ids || list->nr == LOCKS_MAX)
		return -EBADMSG;
	search.table = process->ids->files_id;
	job->files->each(job->files->data, look, &search);
	if (!search.file)
		return -EBADMSG;
	ret = add_file(job, search.file);
	if (ret)
		return ret;
	/* No read lease is on what is open for writing. */
	if (lock.row.state & CRLOCK_LOCK_UNLOCK_PENDING &&
	    job->files->access(job->files->data, search.file) != O_RDONLY)
		lock.row.held = F_WRLCK;
	lock.row.file_id = search.file;
	lock.row.owner_id = lock.row.kind == CRLOCK_KIND_POSIX ? search.table : search.file;
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
	if (ret)
		image_error(error, ret, path, "%s", strerror(-ret));
	ret = ret ? ret : read_records(&job, &reader, error);
	image_reader_close(&reader);
	return ret;
}
