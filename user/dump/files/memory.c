// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of memory (memfd_create(2)). Their content is shared memory, which others write.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/files/kinds.h"
#include "dump/files/source.h"
#include "memfd.pb-c.h"

/* One for each inode. */
struct memory {
	struct inode inode;
	const struct dump_file *file; /* one that it is read through */
	uint32_t id;
	uint32_t seals;
	uint32_t uid, gid;
	uint64_t size;
	char *name; /* owned */
};

struct memory_file {
	struct memory *memory;
};

static const char prefix[] = "/memfd:", mark[] = " (deleted)";

static char *name_of(const struct dump_file *file)
{
	const char *name = file->path + strlen(prefix);
	size_t length = strlen(name), end = strlen(mark);

	if (length >= end && !strcmp(name + length - end, mark))
		length -= end;
	return strndup(name, length);
}

/* @fd: a descriptor of the file, of whatever description. */
static int look_at(struct dump_files *files, struct memory *memory, int fd)
{
	struct statx st;
	int ret = source_statx(files, &memory->file->source, &st);
	int seals = fcntl(fd, F_GET_SEALS);

	if (ret)
		return ret;
	if (seals < 0)
		return -errno;
	memory->seals = seals;
	memory->uid = st.stx_uid;
	memory->gid = st.stx_gid;
	memory->size = st.stx_size;
	memory->name = name_of(memory->file);
	return memory->name ? 0 : -ENOMEM;
}

static int add(struct dump_files *files, struct dump_file *file, int fd, struct memory **out)
{
	struct memory *memory = inodes_add(&files->memories, file->stat.dev, file->stat.ino, sizeof(*memory));
	int own = -1, ret;

	if (!memory)
		return -ENOMEM;
	memory->file = file;
	memory->id = files->memories.nr;
	*out = memory;
	if (fd < 0 || file->flags & O_PATH)
		fd = own = source_open(files, file);
	ret = fd < 0 ? fd : look_at(files, memory, fd);
	if (own >= 0)
		close(own);
	if (ret == -EAGAIN) {
		file_block(files, file, "%s: to look at it would break the lease on it", file->path);
		ret = 0;
	}
	return ret;
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	struct memory_file *own = file->own;

	own->memory = inodes_find(&files->memories, file->stat.dev, file->stat.ino);
	return own->memory ? 0 : add(files, file, fd, &own->memory);
}

static int write_inode(struct dump_files *files, const struct memory *memory)
{
	Image__MemfdInodeEntry entry = IMAGE__MEMFD_INODE_ENTRY__INIT;

	entry.name = memory->name;
	entry.uid = memory->uid;
	entry.gid = memory->gid;
	entry.size = memory->size;
	entry.shmid = memory->inode.ino;
	entry.seals = memory->seals;
	entry.inode_id = memory->id;
	return files_write(files, FILE_IMAGE_MEMFD, &entry.base);
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct memory_file *own = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__MemfdFileEntry message = IMAGE__MEMFD_FILE_ENTRY__INIT;
	int ret = own->memory->file == file ? write_inode(files, own->memory) : 0;

	message.id = file->id;
	message.flags = file->flags;
	message.pos = file->pos;
	message.fown = &file->owner;
	message.inode_id = own->memory->id;
	entry.memfd = &message;
	return ret ? ret : files_write_entry(files, file, &entry);
}

static void clear(struct dump_file *file)
{
	struct memory_file *own = file->own;

	if (own->memory && own->memory->file == file)
		free(own->memory->name);
}

const struct file_kind file_kind_memory = {
	.type = IMAGE__FD_TYPES__MEMFD,
	.size = sizeof(struct memory_file),
	.look = look,
	.write = write_file,
	.clear = clear,
};

int dump_files_each_memory(struct dump_files *files, dump_files_memory_fn *fn, void *data)
{
	int ret = 0;

	for (struct inode *i = files->memories.first; !ret && i; i = i->next) {
		const struct memory *memory = (struct memory *)i;
		struct dump_files_memory told = { .shmid = i->ino, .size = memory->size };

		told.fd = source_open(files, memory->file);
		if (told.fd == -EAGAIN)
			told.fd = source_readable(files, memory->file);
		if (told.fd < 0)
			return told.fd;
		ret = fn(&told, data);
		close(told.fd);
	}
	return ret;
}
