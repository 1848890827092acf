// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "dump/files/kinds.h"
#include "dump/files/state.h"

struct signals {
	uint64_t mask;
};

static int line(struct dump_file *file, struct proc_text text)
{
	struct signals *signals = file->own;

	if (!proc_text_skip(&text, "sigmask:"))
		return 0;
	return proc_text_unsigned(proc_text_word(&text), 16, UINT64_MAX, &signals->mask) ? 0 : -EINVAL;
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct signals *signals = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__SignalfdEntry message = IMAGE__SIGNALFD_ENTRY__INIT;

	message.id = file->id;
	message.flags = file->flags;
	message.fown = &file->owner;
	message.sigmask = signals->mask;
	entry.sgfd = &message;
	return files_write_entry(files, file, &entry);
}

const struct file_kind file_kind_signalfd = {
	.type = IMAGE__FD_TYPES__SIGNALFD,
	.size = sizeof(struct signals),
	.line = line,
	.write = write_file,
};
