// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From images to memory. What is read may have been written by anyone: nothing that the rest of the program
 * relies on is left unchecked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crlock.pb-c.h"
#include "image/checkpoint.h"
#include "image/container.h"
#include "image/filelocks.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "locks/sharing.h"

#define COMM_MAX 64
/* Of threads that wait for one lock, and of such locks. */
#define QUEUED_MAX (1U << 20)

/* Some more of an array. Returns: the new element, zeroed, or NULL. */
static void *append(void **array, size_t *nr, size_t size)
{
	/* Doubled at powers of two. */
	if (!(*nr & (*nr - 1))) {
		void *larger = reallocarray(*array, *nr ? 2 * *nr : 1, size);

		if (!larger)
			return NULL;
		*array = larger;
	}
	return memset((char *)*array + size * (*nr)++, 0, size);
}

/* Text without NUL, of a bounded length. Returns: 0, -EBADMSG or -ENOMEM. */
static int take_text(char **text, const ProtobufCBinaryData *bytes, size_t max)
{
	if (bytes->len >= max || (bytes->len && memchr(bytes->data, '\0', bytes->len)))
		return -EBADMSG;
	*text = strndup((char *)bytes->data, bytes->len);
	return *text ? 0 : -ENOMEM;
}

static bool is_type(unsigned int type)
{
	return type == F_RDLCK || type == F_WRLCK;
}

static bool is_range(int64_t start, int64_t end)
{
	return start >= 0 && end >= start;
}

static int take_header(struct checkpoint *checkpoint, const Image__CrlockCheckpoint *message)
{
	if (message->source > LOCK_SOURCE_PROC || message->lease_break_time > INT_MAX)
		return -EBADMSG;
	checkpoint->dump_time_ms = message->dump_time_ms;
	checkpoint->source = message->source;
	checkpoint->lease_break_time = message->lease_break_time;
	return 0;
}

static int take_process(struct checkpoint *checkpoint, const Image__CrlockProcess *message)
{
	struct checkpoint_process *process;

	if (message->pid <= 0 || message->ppid < 0)
		return -EBADMSG;
	process = append((void **)&checkpoint->processes, &checkpoint->nr_processes, sizeof(*process));
	if (!process)
		return -ENOMEM;
	process->pid = message->pid;
	process->ppid = message->ppid;
	process->files_id = message->files_id;
	if (checkpoint_note_process(checkpoint))
		return -ENOMEM;
	return message->has_comm ? take_text(&process->comm, &message->comm, COMM_MAX) : 0;
}

static int take_holder(struct crlock_holder *holder, const Image__CrlockHolderEntry *message,
		       uint64_t file_id)
{
	if (message->kind > CRLOCK_HOLDER_IN_FLIGHT || message->tgid < 0 || message->tid < 0 ||
	    message->flags > UINT8_MAX || (message->fd < 0) != (message->kind != CRLOCK_HOLDER_DESCRIPTOR))
		return -EBADMSG;
	*holder = (struct crlock_holder){
		.file_id = file_id,
		.files_id = message->files_id,
		.where = message->where,
		.tgid = message->tgid,
		.tid = message->tid,
		.fd = message->fd,
		.kind = message->kind,
		.flags = message->flags,
	};
	return 0;
}

static int take_file(struct checkpoint *checkpoint, const Image__CrlockFileEntry *message)
{
	struct checkpoint_file *file;
	int ret;

	if (!message->id || checkpoint_file_of(checkpoint, message->id) || message->pos < 0 ||
	    !message->path.len || message->mnt_id < -1)
		return -EBADMSG;
	file = append((void **)&checkpoint->files, &checkpoint->nr_files, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->id = message->id;
	file->flags = message->flags;
	file->mode = message->mode;
	file->pos = message->pos;
	file->size = message->size;
	file->dev_major = message->dev_major;
	file->dev_minor = message->dev_minor;
	file->ino = message->ino;
	file->generation = message->generation;
	file->deleted = message->deleted;
	file->mnt_id = message->mnt_id;
	file->in_flight = message->in_flight;
	if (checkpoint_note_file(checkpoint))
		return -ENOMEM;
	file->holders = calloc(message->n_holders + 1, sizeof(*file->holders));
	if (!file->holders)
		return -ENOMEM;
	ret = take_text(&file->path, &message->path, PATH_MAX);
	for (size_t i = 0; !ret && i < message->n_holders; i++)
		ret = take_holder(&file->holders[file->nr_holders++], message->holders[i], file->id);
	return ret;
}

static int take_waiter(struct lock *lock, const Image__CrlockWaiter *message)
{
	struct lock_waiter *waiter;

	if (message->kind > CRLOCK_KIND_MAX || !is_type(message->type) || message->pid < 0 ||
	    !is_range(message->start, message->end))
		return -EBADMSG;
	waiter = lock_add_waiter(lock);
	if (!waiter)
		return -ENOMEM;
	waiter->pid = message->pid;
	waiter->kind = message->kind;
	waiter->type = message->type;
	waiter->start = message->start;
	waiter->end = message->end;
	waiter->breaker = message->breaker;
	waiter->depth = message->depth;
	return message->has_comm ? take_text(&waiter->comm, &message->comm, COMM_MAX) : 0;
}

static int take_outsider(struct lock_sharing *sharing, const Image__CrlockOutsider *message, uint64_t file_id)
{
	struct crlock_holder row;
	char *comm = NULL;
	int ret = take_holder(&row, message->holder, file_id);

	if (!ret && message->has_comm)
		ret = take_text(&comm, &message->comm, COMM_MAX);
	ret = ret ? ret : lock_sharing_add(sharing, &row, comm);
	free(comm);
	return ret;
}

static int take_sharing(struct lock *lock, const Image__CrlockLockEntry *message)
{
	struct lock_sharing *sharing;
	int ret = 0;

	if (message->shared > LOCK_SHARED_MAX || message->n_outsiders > LOCK_OUTSIDERS_MAX ||
	    (message->shared == LOCK_SHARED_OUTSIDE) != (message->n_outsiders > 0) ||
	    (message->outsiders_left_out && message->n_outsiders < LOCK_OUTSIDERS_MAX))
		return -EBADMSG;
	if (!message->has_shared)
		return 0;
	sharing = calloc(1, sizeof(*sharing));
	if (!sharing)
		return -ENOMEM;
	lock->sharing = sharing;
	sharing->shared = message->shared;
	sharing->left_out = message->outsiders_left_out;
	for (size_t i = 0; !ret && i < message->n_outsiders; i++)
		ret = take_outsider(sharing, message->outsiders[i], message->file_id);
	return ret;
}

static bool is_lock(const struct checkpoint *checkpoint, const Image__CrlockLockEntry *message)
{
	return message->kind <= CRLOCK_KIND_MAX && is_type(message->held) &&
	       (is_type(message->target) || message->target == F_UNLCK) &&
	       is_range(message->start, message->end) && message->state <= UINT8_MAX && message->pid >= 0 &&
	       message->fown_pid >= 0 && message->fown_type <= F_OWNER_PGRP && message->fown_signum >= 0 &&
	       message->fown_signum <= 64 && checkpoint_file_of(checkpoint, message->file_id);
}

static int take_lock(struct checkpoint *checkpoint, const Image__CrlockLockEntry *message)
{
	struct lock *lock;
	int ret = 0;

	if (!is_lock(checkpoint, message))
		return -EBADMSG;
	lock = lock_list_add(&checkpoint->locks);
	if (!lock)
		return -ENOMEM;
	lock->row = (struct crlock_lock){
		.id = message->id,
		.file_id = message->file_id,
		.owner_id = message->owner_id,
		.mount_id = message->mount_id,
		.ino = message->ino,
		.start = message->start,
		.end = message->end,
		.break_ms = message->break_ms,
		.downgrade_ms = message->downgrade_ms,
		.dev_major = message->dev_major,
		.dev_minor = message->dev_minor,
		.generation = message->generation,
		.fl_flags = message->fl_flags,
		.pid = message->pid,
		.fown_pid = message->fown_pid,
		.fown_type = message->fown_type,
		.fown_signum = message->fown_signum,
		.fown_uid = message->fown_uid,
		.fown_euid = message->fown_euid,
		.rank = message->rank,
		.kind = message->kind,
		.held = message->held,
		.target = message->target,
		.state = message->state,
	};
	lock->unknown = message->unknown;
	lock->mnt_id = -1;
	if (message->has_comm)
		ret = take_text(&lock->comm, &message->comm, COMM_MAX);
	for (size_t i = 0; !ret && i < message->n_waiters; i++)
		ret = take_waiter(lock, message->waiters[i]);
	return ret ? ret : take_sharing(lock, message);
}

static int take_queue(struct checkpoint *checkpoint, const Image__CrlockQueue *message)
{
	struct lock_queue *queue;
	int ret = 0;

	if (message->n_tids > QUEUED_MAX || checkpoint->queues.nr == QUEUED_MAX)
		return -EBADMSG;
	queue = lock_queues_add(&checkpoint->queues);
	if (!queue)
		return -ENOMEM;
	for (size_t i = 0; !ret && i < message->n_tids; i++)
		ret = message->tids[i] > 0 ? lock_queue_add(queue, message->tids[i]) : -EBADMSG;
	return ret;
}

static int take_record(struct checkpoint *checkpoint, const Image__CrlockRecord *record, bool first)
{
	if (first != (record->record_case == IMAGE__CRLOCK_RECORD__RECORD_CHECKPOINT))
		return -EBADMSG;
	switch (record->record_case) {
	case IMAGE__CRLOCK_RECORD__RECORD_CHECKPOINT:
		return take_header(checkpoint, record->checkpoint);
	case IMAGE__CRLOCK_RECORD__RECORD_PROCESS:
		return take_process(checkpoint, record->process);
	case IMAGE__CRLOCK_RECORD__RECORD_FILE:
		return take_file(checkpoint, record->file);
	case IMAGE__CRLOCK_RECORD__RECORD_LOCK:
		return take_lock(checkpoint, record->lock);
	case IMAGE__CRLOCK_RECORD__RECORD_QUEUE:
		return take_queue(checkpoint, record->queue);
	default:
		/* A kind of record that was made up later. */
		return 0;
	}
}

/* What all records take may be twice this large; an honest image is far from it. */
#define IMAGE_MAX (1ULL << 30)

static int read_records(struct checkpoint *checkpoint, struct image_reader *reader,
			const struct image_error *error)
{
	ProtobufCMessage *message;
	bool first = true;
	int ret;

	while (!(ret = image_read(reader, &image__crlock_record__descriptor, &message, error)) && message) {
		ret = take_record(checkpoint, (Image__CrlockRecord *)message, first);
		protobuf_c_message_free_unpacked(message, NULL);
		first = false;
		if (ret == -EBADMSG)
			return image_reader_wrong(reader, error, "the record makes no sense");
		if (ret)
			return image_error(error, ret, reader->name, "%s", strerror(-ret));
		if (reader->next > IMAGE_MAX)
			return image_reader_wrong(reader, error, "it is absurdly large");
	}
	if (!ret && first)
		return image_reader_wrong(reader, error, "it is truncated");
	return ret;
}

static int read_locks(struct checkpoint *checkpoint, int dir, const char *path,
		      const struct image_error *error)
{
	struct image_reader reader;
	int ret = image_reader_open(&reader, dir, path, IMAGE_CRLOCK, IMAGE_MAGIC_CRLOCK, error);

	if (ret)
		return ret;
	checkpoint->locks.source = LOCK_SOURCE_IMAGE;
	ret = read_records(checkpoint, &reader, error);
	image_reader_close(&reader);
	return ret;
}

static int check_filelocks(const struct checkpoint *checkpoint, int dir, const char *path,
			   const struct image_error *error)
{
	struct image_reader reader;
	int ret = image_reader_open(&reader, dir, path, IMAGE_FILELOCKS, IMAGE_MAGIC_FILELOCKS, error);

	if (ret)
		return ret;
	ret = filelocks_check(&reader, checkpoint, error);
	image_reader_close(&reader);
	return ret;
}

int checkpoint_read(struct checkpoint *checkpoint, const char *dir, char *why, size_t size)
{
	const struct image_error error = { why, size };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	*checkpoint = (struct checkpoint){ 0 };
	if (fd < 0)
		return image_error(&error, -errno, dir, "%s", strerror(errno));
	ret = inventory_read(fd, dir, &error);
	if (!ret)
		ret = read_locks(checkpoint, fd, dir, &error);
	if (!ret)
		ret = check_filelocks(checkpoint, fd, dir, &error);
	close(fd);
	return ret;
}
