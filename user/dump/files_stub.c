// SPDX-License-Identifier: GPL-2.0-or-later
/* In place of the room files/ until that is there, whose functions take precedence: regular files only. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/files/files.h"
#include "fdinfo.pb-c.h"
#include "files.pb-c.h"
#include "image/container.h"
#include "image/magic.h"
#include "procfs/fdinfo.h"
#include "procfs/file.h"

#define WEAK __attribute__((weak))

struct stub_file {
	char *path;
	uint32_t id, flags, mode, table;
	uint64_t pos, size;
	int fd;
};

struct dump_files {
	struct stub_file files[4096];
	uint32_t nr;
	struct blockers *blockers;
};

WEAK int dump_files_new(struct dump_files **out, const struct trace_tree *tree,
			const struct dump_files_options *options, struct blockers *blockers)
{
	(void)tree;
	(void)options;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->blockers = blockers;
	return 0;
}

WEAK void dump_files_free(struct dump_files *files)
{
	free(files);
}

static int add(struct dump_files *files, pid_t pid, const char *name, struct stub_file *file)
{
	char path[PATH_MAX], proc[128];
	struct stat st;
	ssize_t len;

	snprintf(proc, sizeof(proc), "/proc/%d/%s", pid, name);
	len = readlink(proc, path, sizeof(path));
	if (len < 0 || len == sizeof(path) || stat(proc, &st) || files->nr == 4096)
		return -errno;
	if (!strncmp(path, "/dev/zero (deleted)", len) && len > 10)
		return -EMEDIUMTYPE;
	if (*path != '/')
		block(files->blockers, "%d: %s: %.*s", pid, name, (int)len, path);
	*file = (struct stub_file){ .path = strndup(path, len), .id = files->nr + 1,
				    .mode = st.st_mode, .size = st.st_size, .fd = -1 };
	files->files[files->nr++] = *file;
	return 0;
}

WEAK int dump_files_table(struct dump_files *files, pid_t pid, uint32_t table)
{
	struct proc_numbers *numbers;
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_fdinfo info;
	int dir = proc_open(pid), fd, ret = proc_numbers_open(&numbers, dir, "fd");

	while (!ret && proc_numbers_next(numbers, &fd) > 0) {
		struct stub_file file;
		char name[32];

		snprintf(name, sizeof(name), "fd/%d", fd);
		ret = add(files, pid, name, &file);
		ret = ret ?: proc_fdinfo_read(dir, fd, lines, &info, NULL, NULL);
		file.table = table;
		file.fd = fd;
		file.flags = info.flags;
		file.pos = info.pos;
		files->files[file.id - 1] = file;
	}
	proc_numbers_close(numbers);
	close(dir);
	free(lines);
	return ret;
}

WEAK int dump_files_link(struct dump_files *files, pid_t pid, const char *link, uint32_t *id)
{
	struct stub_file file;
	int ret = add(files, pid, link, &file);

	*id = file.id;
	return ret;
}

WEAK int dump_files_mapping(struct dump_files *files, pid_t pid, uint64_t start, uint64_t end, int flags,
			    uint32_t *id)
{
	struct stub_file file;
	char name[96];
	int ret;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, start, end);
	ret = add(files, pid, name, &file);
	if (ret)
		return ret;
	*id = file.id;
	files->files[file.id - 1].flags = flags;
	return 0;
}

WEAK int dump_files_write(struct dump_files *files, struct image_directory *directory,
			  const struct image_error *error)
{
	struct image_writer writer, table;
	uint32_t last = 0;
	int ret = image_writer_open(&writer, directory, "files.img", IMAGE_MAGIC_FILES, error);

	for (uint32_t i = 0; i < files->nr; i++) {
		struct stub_file *file = &files->files[i];
		Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
		Image__RegFileEntry reg = IMAGE__REG_FILE_ENTRY__INIT;
		Image__FownEntry fown = IMAGE__FOWN_ENTRY__INIT;
		Image__FdinfoEntry info = IMAGE__FDINFO_ENTRY__INIT;
		char name[32];

		entry.type = info.type = IMAGE__FD_TYPES__REG;
		entry.id = reg.id = info.id = file->id;
		entry.reg = &reg;
		reg.flags = file->flags & ~O_CLOEXEC;
		reg.pos = file->pos;
		reg.fown = &fown;
		reg.name = file->path;
		reg.has_mode = true;
		reg.mode = file->mode;
		ret = image_write(&writer, &entry.base, error);
		if (!file->table)
			continue;
		snprintf(name, sizeof(name), "fdinfo-%u.img", file->table);
		if (last != file->table && last)
			image_writer_close(&table, 0, error);
		if (last != file->table)
			ret = image_writer_open(&table, directory, name, IMAGE_MAGIC_FDINFO, error);
		last = file->table;
		info.flags = file->flags & O_CLOEXEC ? 1 : 0;
		info.fd = file->fd;
		image_write(&table, &info.base, error);
	}
	if (last)
		image_writer_close(&table, 0, error);
	return image_writer_close(&writer, ret, error);
}
