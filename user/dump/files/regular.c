// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has a path and a position, if any, and nothing else: regular files, directories, some devices, and
 * anything that was opened as a place only (O_PATH).
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "dump/files/elf.h"
#include "dump/files/kinds.h"
#include "dump/files/place.h"
#include "dump/files/regular.h"

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	struct place *place = file->own;
	int ret = place_find(files, file, place);

	if (!ret && fd >= 0 && S_ISREG(file->stat.mode) && !(file->flags & O_PATH))
		ret = elf_read_file(place, fd);
	return ret;
}

int regular_mapped(struct dump_file *file, pid_t pid, uint64_t start, uint64_t end)
{
	if (file->kind != &file_kind_regular)
		return 0;
	return elf_read_memory(file->own, pid, start, end);
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	return place_write(files, file, file->own, file->id);
}

static void clear(struct dump_file *file)
{
	place_clear(file->own);
}

const struct file_kind file_kind_regular = {
	.type = IMAGE__FD_TYPES__REG,
	.size = sizeof(struct place),
	.look = look,
	.write = write_file,
	.clear = clear,
};
