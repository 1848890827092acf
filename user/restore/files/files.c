// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "restore/files/inherit.h"
#include "restore/files/kinds.h"
#include "restore/files/path.h"

/* What F_SETFL changes, but for O_ASYNC: that waits for its owner. */
#define SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static int compare_id(const void *key, const void *file)
{
	uint32_t id = *(const uint32_t *)key, other = ((const struct restored_file *)file)->id;

	return (id > other) - (id < other);
}

struct restored_file *files_find(const struct restore_files *files, uint32_t id)
{
	if (!files->nr_files)
		return NULL;
	return bsearch(&id, files->files, files->nr_files, sizeof(*files->files), compare_id);
}

static int compare_table(const void *key, const void *table)
{
	uint32_t id = *(const uint32_t *)key, other = ((const struct restored_table *)table)->id;

	return (id > other) - (id < other);
}

const struct restored_table *files_find_table(const struct restore_files *files, uint32_t id)
{
	if (!files->nr_tables)
		return NULL;
	return bsearch(&id, files->tables, files->nr_tables, sizeof(*files->tables), compare_table);
}

int files_move(struct restore_files *files, int fd)
{
	int moved, err;

	if (fd < 0)
		return fd;
	if (fd >= files->lowest)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, files->next);
	err = errno;
	close(fd);
	if (moved < 0)
		return -(err == EINVAL ? EMFILE : err);
	files->next = moved + 1;
	return moved;
}

int files_keep(struct restore_files *files, struct restored_file *file, int fd,
	       const struct image_error *error)
{
	fd = files_move(files, fd);
	if (fd < 0) {
		errno = -fd;
		return files_fail(files, file, error);
	}
	file->fd = fd;
	return 0;
}

int files_set_flags(int fd, uint32_t flags)
{
	int now = fcntl(fd, F_GETFL);

	if (now < 0)
		return -errno;
	if ((now & SETTABLE) == (int)(flags & SETTABLE))
		return 0;
	return fcntl(fd, F_SETFL, (now & ~SETTABLE) | (flags & SETTABLE)) ? -errno : 0;
}

/* Saying it ---------------------------------------------------------------------------------------- */

const char *files_name(const struct restored_file *file)
{
	static char name[64];

	if (file->entry->reg)
		return file->entry->reg->name;
	snprintf(name, sizeof(name), "%s %u", file->kind->name, file->id);
	return name;
}

int files_fail(const struct restore_files *files, const struct restored_file *file,
	       const struct image_error *error)
{
	int err = errno ? errno : EIO;

	(void)files;
	return image_error(error, -err, files_name(file), "cannot be restored: %s", strerror(err));
}

int files_wrong(const struct restore_files *files, const struct restored_file *file,
		const struct image_error *error, const char *what)
{
	return image_error(error, -EBADMSG, files->path, "files.img: file %u: %s", file->id, what);
}

void obstacle(struct obstacles *obstacles, const char *name, const char *format, ...)
{
	char line[8192], what[512];
	const struct image_error error = { line, sizeof(line) };
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	image_error(&error, 0, name, "%s", what);
	obstacles->say(line, obstacles->data);
	obstacles->nr++;
}

/* Kept since the dump ------------------------------------------------------------------------------- */

static int compare_descriptor(const void *key, const void *descriptor)
{
	int fd = *(const int *)key, other = ((const struct restored_descriptor *)descriptor)->fd;

	return (fd > other) - (fd < other);
}

static struct restored_file *find_at(const struct restore_files *files, uint32_t id, int fd)
{
	const struct restored_table *table = files_find_table(files, id);
	const struct restored_descriptor *found = NULL;

	if (table && table->nr)
		found = bsearch(&fd, table->descriptors, table->nr, sizeof(*found), compare_descriptor);
	return found ? found->file : NULL;
}

int restore_files_give(struct restore_files *files, uint32_t table, int number, int fd)
{
	struct restored_file *file = find_at(files, table, number);
	int given = file && file->kind == &regular_kind && file->given < 0
			    ? files_result(fcntl(fd, F_DUPFD_CLOEXEC, files->lowest))
			    : -ENOENT;

	close(fd);
	if (given < 0)
		return given;
	file->given = given;
	return 0;
}

bool restore_files_is_given(const struct restore_files *files, uint32_t table, int number)
{
	const struct restored_file *file = find_at(files, table, number);

	return file && file->given >= 0;
}

static void close_given(struct restore_files *files)
{
	for (size_t i = 0; i < files->nr_files; i++) {
		if (files->files[i].given >= 0)
			close(files->files[i].given);
		files->files[i].given = -1;
	}
}

/* The whole ---------------------------------------------------------------------------------------- */

int restore_files_lowest(const struct restore_files *files)
{
	return files->lowest;
}

bool restore_files_has(const struct restore_files *files, uint32_t id)
{
	return files_find(files, id);
}

int restore_files_access(const struct restore_files *files, uint32_t id)
{
	const struct restored_file *file = files_find(files, id);

	return file ? file->flags & O_ACCMODE : O_RDONLY;
}

int restore_files_check_table(const struct restore_files *files, uint32_t id, const struct image_error *error)
{
	return files_find_table(files, id)
		       ? 0
		       : image_error(error, -EBADMSG, files->path, "there is no fdinfo-%u.img", id);
}

int restore_files_fd(const struct restore_files *files, uint32_t id)
{
	const struct restored_file *file = files_find(files, id);

	return file ? file->fd : -1;
}

int restore_files_fd_of(const struct restore_files *files, uint32_t table, int number)
{
	const struct restored_file *file = find_at(files, table, number);

	return file ? file->fd : -1;
}

uint32_t restore_files_id_of(const struct restore_files *files, uint32_t table, int number)
{
	const struct restored_file *file = find_at(files, table, number);

	return file ? file->id : 0;
}

const char *restore_files_path(const struct restore_files *files, uint32_t id)
{
	const struct restored_file *file = files_find(files, id);

	return file && file->kind == &regular_kind ? file->entry->reg->name : NULL;
}

void restore_files_each(const struct restore_files *files,
			void (*fn)(uint32_t table, int fd, uint32_t id, void *data), void *data)
{
	for (size_t i = 0; i < files->nr_tables; i++) {
		const struct restored_table *table = &files->tables[i];

		for (size_t j = 0; j < table->nr; j++)
			fn(table->id, table->descriptors[j].fd, table->descriptors[j].file->id, data);
	}
}

void restore_files_mapped(struct restore_files *files, uint32_t id)
{
	struct restored_file *file = files_find(files, id);

	if (file && file->number < 0 && !(file->flags & O_PATH))
		file->flags = (file->flags & ~O_ACCMODE) | O_RDWR;
}

size_t restore_files_check(struct restore_files *files, void (*say)(const char *line, void *data), void *data)
{
	struct obstacles obstacles = { say, data, 0 };

	for (size_t i = 0; i < files->nr_files; i++) {
		struct restored_file *file = &files->files[i];

		if (file->kind->check)
			file->kind->check(files, file, &obstacles);
	}
	return obstacles.nr;
}

/* Numbers for all files, above those of the tables; some more are needed for a while. */
static int make_room(const struct restore_files *files, const struct image_error *error)
{
	rlim_t needed = (rlim_t)files->next + files->nr_files, wanted = needed + files->nr_files + 256;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return image_error(error, -errno, files->path, "%s", strerror(errno));
	if (limit.rlim_cur >= wanted)
		return 0;
	if (limit.rlim_max < wanted) {
		struct rlimit higher = { wanted, wanted };

		if (!setrlimit(RLIMIT_NOFILE, &higher))
			return 0;
	}
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (limit.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &limit))
		return image_error(
			error, -EMFILE, files->path,
			"needs descriptors up to %llu: fs.nr_open or the limit is lower (ulimit -Hn)",
			(unsigned long long)needed);
	return 0;
}

static int prepare_kinds(struct restore_files *files, const struct image_error *error)
{
	const struct file_kind *kind;
	int ret = 0;

	for (size_t i = 0; !ret && (kind = kinds_nth(i)); i++) {
		if (kind->prepare)
			ret = kind->prepare(files, error);
	}
	return ret;
}

static int open_all(struct restore_files *files, const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		struct restored_file *file = &files->files[i];

		/* Some open others. */
		if (file->kind->open && file->fd < 0)
			ret = file->kind->open(files, file, error);
	}
	return ret;
}

static int complete_kinds(struct restore_files *files, const struct image_error *error)
{
	const struct file_kind *kind;
	int ret = 0;

	for (size_t i = 0; !ret && (kind = kinds_nth(i)); i++) {
		if (kind->complete)
			ret = kind->complete(files, error);
	}
	return ret;
}

static void abandon(struct restore_files *files)
{
	const struct file_kind *kind;

	for (size_t i = 0; (kind = kinds_nth(i)); i++) {
		if (kind->abandon)
			kind->abandon(files);
	}
	for (size_t i = 0; i < files->nr_files; i++) {
		if (files->files[i].fd >= 0)
			close(files->files[i].fd);
		files->files[i].fd = -1;
	}
}

void restore_files_commit(struct restore_files *files)
{
	const struct file_kind *kind;

	for (size_t i = 0; (kind = kinds_nth(i)); i++) {
		if (kind->commit)
			kind->commit(files);
	}
}

void restore_files_abandon(struct restore_files *files)
{
	if (files && files->opened)
		abandon(files);
}

int restore_files_open(struct restore_files *files, int lowest, const struct image_error *error)
{
	int ret;

	if (lowest > files->lowest)
		files->lowest = lowest;
	files->next = files->lowest;
	files->opened = true;
	ret = make_room(files, error);
	if (!ret) {
		ret = leases_read(files);
		if (ret)
			image_error(error, ret, "/proc/locks", "%s", strerror(-ret));
	}
	if (!ret)
		ret = prepare_kinds(files, error);
	if (!ret)
		ret = open_all(files, error);
	if (!ret)
		ret = inherit_check(files, error);
	if (!ret)
		ret = complete_kinds(files, error);
	if (ret)
		abandon(files);
	close_given(files);
	leases_free(files);
	return ret;
}

void restore_files_free(struct restore_files *files)
{
	const struct file_kind *kind;

	if (!files)
		return;
	for (size_t i = 0; (kind = kinds_nth(i)); i++) {
		if (kind->free)
			kind->free(files);
	}
	leases_free(files);
	close_given(files);
	for (size_t i = 0; i < files->nr_files; i++)
		image__file_entry__free_unpacked(files->files[i].entry, NULL);
	for (size_t i = 0; i < files->nr_tables; i++)
		free(files->tables[i].descriptors);
	for (size_t i = 0; i < files->nr_inherit; i++)
		free((char *)files->inherit[i].key);
	free(files->files);
	free(files->tables);
	free(files->inherit);
	if (files->root >= 0)
		close(files->root);
	if (files->dir >= 0)
		close(files->dir);
	free(files->path);
	free(files);
}
