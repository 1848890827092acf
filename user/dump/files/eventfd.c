// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/eventfd.h>

#include "dump/files/kinds.h"
#include "dump/files/state.h"

/*
 * Whether it is a semaphore, which is told since Linux 6.5, is no flag that F_GETFL has. In its flags, always
 * O_RDWR, this bit is free to say so.
 */
#define FLAG_SEMAPHORE EFD_SEMAPHORE

struct counter {
	uint64_t count;
	uint64_t semaphore;
};

static int line(struct dump_file *file, struct proc_text text)
{
	struct counter *counter = file->own;

	bool ok = true;

	if (proc_text_skip(&text, "eventfd-count:"))
		ok = proc_text_unsigned(proc_text_word(&text), 16, UINT64_MAX, &counter->count);
	else if (proc_text_skip(&text, "eventfd-semaphore:"))
		ok = proc_text_unsigned(proc_text_word(&text), 10, 1, &counter->semaphore);
	return ok ? 0 : -EINVAL;
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct counter *counter = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__EventfdFileEntry message = IMAGE__EVENTFD_FILE_ENTRY__INIT;

	message.id = file->id;
	message.flags = file->flags | (counter->semaphore ? FLAG_SEMAPHORE : 0);
	message.fown = &file->owner;
	message.counter = counter->count;
	entry.efd = &message;
	return files_write_entry(files, file, &entry);
}

const struct file_kind file_kind_eventfd = {
	.type = IMAGE__FD_TYPES__EVENTFD,
	.size = sizeof(struct counter),
	.line = line,
	.write = write_file,
};
