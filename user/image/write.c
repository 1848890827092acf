// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From memory to images.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crlock.pb-c.h"
#include "image/checkpoint.h"
#include "image/container.h"
#include "image/filelocks.h"
#include "image/magic.h"
#include "locks/sharing.h"

/* crlock.img --------------------------------------------------------------------------------------- */

static ProtobufCBinaryData bytes_of(char *text)
{
	return (ProtobufCBinaryData){ .len = text ? strlen(text) : 0, .data = (uint8_t *)text };
}

static int write_record(struct image_writer *writer, Image__CrlockRecord__RecordCase what,
			ProtobufCMessage *message, const struct image_error *error)
{
	Image__CrlockRecord record = IMAGE__CRLOCK_RECORD__INIT;

	record.record_case = what;
	/* All of the union are pointers to messages. */
	record.checkpoint = (Image__CrlockCheckpoint *)message;
	return image_write(writer, &record.base, error);
}

static int write_header(struct image_writer *writer, const struct checkpoint *checkpoint,
			const struct image_error *error)
{
	Image__CrlockCheckpoint message = IMAGE__CRLOCK_CHECKPOINT__INIT;

	message.dump_time_ms = checkpoint->dump_time_ms;
	message.source = checkpoint->source;
	message.lease_break_time = checkpoint->lease_break_time;
	message.has_checksums = true;
	message.checksums = true;
	return write_record(writer, IMAGE__CRLOCK_RECORD__RECORD_CHECKPOINT, &message.base, error);
}

static int write_process(struct image_writer *writer, const struct checkpoint_process *process,
			 const struct image_error *error)
{
	Image__CrlockProcess message = IMAGE__CRLOCK_PROCESS__INIT;

	message.pid = process->pid;
	message.ppid = process->ppid;
	message.files_id = process->files_id;
	message.has_comm = process->comm != NULL;
	message.comm = bytes_of(process->comm);
	return write_record(writer, IMAGE__CRLOCK_RECORD__RECORD_PROCESS, &message.base, error);
}

static void set_holder(Image__CrlockHolderEntry *message, const struct crlock_holder *holder)
{
	image__crlock_holder_entry__init(message);
	message->kind = holder->kind;
	message->tgid = holder->tgid;
	message->tid = holder->tid;
	message->fd = holder->fd;
	message->flags = holder->flags;
	message->where = holder->where;
	message->files_id = holder->files_id;
}

static int write_file(struct image_writer *writer, const struct checkpoint_file *file,
		      const struct image_error *error)
{
	Image__CrlockFileEntry message = IMAGE__CRLOCK_FILE_ENTRY__INIT;
	Image__CrlockHolderEntry *holders = calloc(file->nr_holders + 1, sizeof(*holders));
	Image__CrlockHolderEntry **pointers = calloc(file->nr_holders + 1, sizeof(*pointers));
	int ret = -ENOMEM;

	message.id = file->id;
	message.path = bytes_of(file->path);
	message.flags = file->flags;
	message.mode = file->mode;
	message.pos = file->pos;
	message.size = file->size;
	message.dev_major = file->dev_major;
	message.dev_minor = file->dev_minor;
	message.ino = file->ino;
	message.generation = file->generation;
	message.deleted = file->deleted;
	message.mnt_id = file->mnt_id;
	message.has_in_flight = file->in_flight > 0;
	message.in_flight = file->in_flight;
	if (holders && pointers) {
		for (size_t i = 0; i < file->nr_holders; i++) {
			set_holder(&holders[i], &file->holders[i]);
			pointers[i] = &holders[i];
		}
		message.n_holders = file->nr_holders;
		message.holders = pointers;
		ret = write_record(writer, IMAGE__CRLOCK_RECORD__RECORD_FILE, &message.base, error);
	}
	free(holders);
	free(pointers);
	return ret == -ENOMEM ? image_error(error, ret, writer->name, "%s", strerror(ENOMEM)) : ret;
}

static void set_waiter(Image__CrlockWaiter *message, const struct lock_waiter *waiter)
{
	image__crlock_waiter__init(message);
	message->pid = waiter->pid;
	message->kind = waiter->kind;
	message->type = waiter->type;
	message->start = waiter->start;
	message->end = waiter->end;
	message->breaker = waiter->breaker;
	message->depth = waiter->depth;
	message->has_comm = waiter->comm != NULL;
	message->comm = bytes_of(waiter->comm);
}

static void set_lock(Image__CrlockLockEntry *message, const struct lock *lock)
{
	const struct crlock_lock *row = &lock->row;

	message->id = row->id;
	message->file_id = row->file_id;
	message->owner_id = row->owner_id;
	message->mount_id = row->mount_id;
	message->ino = row->ino;
	message->start = row->start;
	message->end = row->end;
	message->break_ms = row->break_ms;
	message->downgrade_ms = row->downgrade_ms;
	message->dev_major = row->dev_major;
	message->dev_minor = row->dev_minor;
	message->generation = row->generation;
	message->fl_flags = row->fl_flags;
	message->pid = row->pid;
	message->fown_pid = row->fown_pid;
	message->fown_type = row->fown_type;
	message->fown_signum = row->fown_signum;
	message->fown_uid = row->fown_uid;
	message->fown_euid = row->fown_euid;
	message->rank = row->rank;
	message->kind = row->kind;
	message->held = row->held;
	message->target = row->target;
	message->state = row->state;
	message->unknown = lock->unknown;
	message->has_comm = lock->comm != NULL;
	message->comm = bytes_of(lock->comm);
}

/* Room for what a message points to. */
struct outsiders {
	Image__CrlockHolderEntry holders[LOCK_OUTSIDERS_MAX];
	Image__CrlockOutsider messages[LOCK_OUTSIDERS_MAX];
	Image__CrlockOutsider *pointers[LOCK_OUTSIDERS_MAX];
};

static void set_sharing(Image__CrlockLockEntry *message, struct outsiders *room,
			const struct lock_sharing *sharing)
{
	for (size_t i = 0; i < sharing->nr; i++) {
		set_holder(&room->holders[i], &sharing->outsiders[i].row);
		image__crlock_outsider__init(&room->messages[i]);
		room->messages[i].holder = &room->holders[i];
		room->messages[i].has_comm = sharing->outsiders[i].comm != NULL;
		room->messages[i].comm = bytes_of(sharing->outsiders[i].comm);
		room->pointers[i] = &room->messages[i];
	}
	message->has_shared = true;
	message->shared = sharing->shared;
	message->n_outsiders = sharing->nr;
	message->outsiders = room->pointers;
	message->has_outsiders_left_out = sharing->left_out > 0;
	message->outsiders_left_out = sharing->left_out;
}

static int write_lock(struct image_writer *writer, const struct lock *lock, const struct image_error *error)
{
	Image__CrlockLockEntry message = IMAGE__CRLOCK_LOCK_ENTRY__INIT;
	Image__CrlockWaiter *waiters = calloc(lock->nr_waiters + 1, sizeof(*waiters));
	Image__CrlockWaiter **pointers = calloc(lock->nr_waiters + 1, sizeof(*pointers));
	struct outsiders outsiders;
	int ret = -ENOMEM;

	set_lock(&message, lock);
	if (lock->sharing)
		set_sharing(&message, &outsiders, lock->sharing);
	if (waiters && pointers) {
		for (size_t i = 0; i < lock->nr_waiters; i++) {
			set_waiter(&waiters[i], &lock->waiters[i]);
			pointers[i] = &waiters[i];
		}
		message.n_waiters = lock->nr_waiters;
		message.waiters = pointers;
		ret = write_record(writer, IMAGE__CRLOCK_RECORD__RECORD_LOCK, &message.base, error);
	}
	free(waiters);
	free(pointers);
	return ret == -ENOMEM ? image_error(error, ret, writer->name, "%s", strerror(ENOMEM)) : ret;
}

static int write_queue(struct image_writer *writer, const struct lock_queue *queue,
		       const struct image_error *error)
{
	Image__CrlockQueue message = IMAGE__CRLOCK_QUEUE__INIT;

	message.tids = queue->tids;
	message.n_tids = queue->nr;
	return write_record(writer, IMAGE__CRLOCK_RECORD__RECORD_QUEUE, &message.base, error);
}

static int write_records(struct image_writer *writer, const struct checkpoint *checkpoint,
			 const struct image_error *error)
{
	int ret = write_header(writer, checkpoint, error);

	for (size_t i = 0; !ret && i < checkpoint->nr_processes; i++)
		ret = write_process(writer, &checkpoint->processes[i], error);
	/* Locks come last: that one is lacking shows in the other image. */
	for (size_t i = 0; !ret && i < checkpoint->queues.nr; i++)
		ret = write_queue(writer, &checkpoint->queues.queues[i], error);
	for (size_t i = 0; !ret && i < checkpoint->nr_files; i++)
		ret = write_file(writer, &checkpoint->files[i], error);
	for (size_t i = 0; !ret && i < checkpoint->locks.nr; i++)
		ret = write_lock(writer, &checkpoint->locks.locks[i], error);
	return ret;
}

/* ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t magic;
	int (*write)(struct image_writer *writer, const struct checkpoint *checkpoint,
		     const struct image_error *error);
} images[] = {
	{ IMAGE_FILELOCKS, IMAGE_MAGIC_FILELOCKS, filelocks_write },
	{ IMAGE_CRLOCK, IMAGE_MAGIC_CRLOCK, write_records },
};

int checkpoint_write(const struct checkpoint *checkpoint, struct image_directory *directory,
		     const struct image_error *error)
{
	struct image_writer writer;
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(images) / sizeof(*images); i++) {
		ret = image_writer_open(&writer, directory, images[i].name, images[i].magic, error);
		if (!ret)
			ret = image_writer_close(&writer, images[i].write(&writer, checkpoint, error), error);
	}
	return ret;
}
