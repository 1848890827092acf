// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "filelocks.pb-c.h"
#include "image/filelocks.h"
#include "image/magic.h"

/* The common format's numbers for kinds; delegations and layouts have none. */
static unsigned int common_kind(unsigned int kind)
{
	switch (kind) {
	case CRLOCK_KIND_POSIX:
		return 1;
	case CRLOCK_KIND_FLOCK:
		return 2;
	case CRLOCK_KIND_OFD:
		return 4;
	case CRLOCK_KIND_LEASE:
		return 8;
	default:
		return 0;
	}
}

int filelocks_kind(uint32_t flag)
{
	for (int kind = 0; kind <= CRLOCK_KIND_LEASE; kind++) {
		if (common_kind(kind) == flag)
			return kind;
	}
	return -1;
}

static bool is_breaking(const struct crlock_lock *row)
{
	return row->state & (CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING);
}

/* The descriptor that a lock is told to be of: of a POSIX lock, its owner's. */
static const struct crlock_holder *common_holder(const struct checkpoint_file *file,
						 const struct crlock_lock *row)
{
	const struct crlock_holder *any = NULL;

	for (size_t i = 0; i < file->nr_holders; i++) {
		const struct crlock_holder *holder = &file->holders[i];

		if (holder->kind != CRLOCK_HOLDER_DESCRIPTOR)
			continue;
		if (row->kind != CRLOCK_KIND_POSIX ||
		    (holder->files_id ? holder->files_id == row->owner_id : holder->tgid == row->pid))
			return holder;
		if (!any)
			any = holder;
	}
	return any;
}

/* Returns: whether the common format has words for the lock. */
static bool tell(Image__FileLockEntry *message, const struct checkpoint *checkpoint,
		 const struct crlock_lock *row)
{
	const struct checkpoint_file *file = checkpoint_file_of(checkpoint, row->file_id);
	const struct crlock_holder *holder = file ? common_holder(file, row) : NULL;

	image__file_lock_entry__init(message);
	message->flag = common_kind(row->kind);
	if (!message->flag || !holder)
		return false;
	message->type = is_breaking(row) ? FILELOCKS_BREAKING | row->target : row->held;
	message->pid = holder->tgid;
	message->fd = holder->fd;
	message->start = row->start;
	message->len = row->end == CRLOCK_EOF ? 0 : row->end - row->start + 1;
	return true;
}

int filelocks_write(struct image_writer *writer, const struct checkpoint *checkpoint,
		    const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < checkpoint->locks.nr; i++) {
		Image__FileLockEntry message;

		if (tell(&message, checkpoint, &checkpoint->locks.locks[i].row))
			ret = image_write(writer, &message.base, error);
	}
	return ret;
}

static bool is_same(const Image__FileLockEntry *a, const Image__FileLockEntry *b)
{
	return a->flag == b->flag && a->type == b->type && a->pid == b->pid && a->fd == b->fd &&
	       a->start == b->start && a->len == b->len;
}

/* Returns: 0 if the next record is @wanted; NULL: if there is none. */
static int expect(struct image_reader *reader, const Image__FileLockEntry *wanted,
		  const struct image_error *error)
{
	ProtobufCMessage *message;
	int ret = image_read(reader, &image__file_lock_entry__descriptor, &message, error);

	if (ret)
		return ret;
	if (!message != !wanted || (wanted && !is_same((Image__FileLockEntry *)message, wanted)))
		ret = image_reader_wrong(reader, error, "it does not agree with " IMAGE_CRLOCK);
	if (message)
		protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

int filelocks_check(struct image_reader *reader, const struct checkpoint *checkpoint,
		    const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < checkpoint->locks.nr; i++) {
		Image__FileLockEntry wanted;

		if (tell(&wanted, checkpoint, &checkpoint->locks.locks[i].row))
			ret = expect(reader, &wanted, error);
	}
	return ret ? ret : expect(reader, NULL, error);
}
