// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has a path: regular files, directories, devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/external.h"
#include "restore/files/build_id.h"
#include "restore/files/inherit.h"
#include "restore/files/path.h"
#include "restore/files/regular.h"
#include "restore/files/remap.h"

static bool describe(struct restored_file *file)
{
	const Image__RegFileEntry *reg = file->entry->reg;

	if (!reg || reg->id != file->id)
		return false;
	file->flags = reg->flags;
	file->fown = reg->fown;
	return true;
}

static bool is_resource(const char *name)
{
	struct external external;

	return external_parse(&external, name) && external.type == EXTERNAL_FILE;
}

static int validate(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	const Image__RegFileEntry *reg = file->entry->reg;

	/* What is external may have the name of a resource instead. */
	if (!path_is_sound(reg->name) && (!reg->ext || !is_resource(reg->name)))
		return files_wrong(files, file, error, "its path is none that a dump writes");
	if (reg->has_size && reg->size > INT64_MAX)
		return files_wrong(files, file, error, "its size makes no sense");
	return 0;
}

const char *regular_difference(const Image__RegFileEntry *reg, const struct stat *stat)
{
	if (reg->has_mode && (stat->st_mode ^ reg->mode) & S_IFMT)
		return "is another kind of file than it was";
	if (reg->has_mode && stat->st_mode != reg->mode)
		return "has another mode than it had";
	/* That it was open before rights were dropped is no reason against it. */
	if (IS_ANOTHERS(reg, stat))
		return "has another owner or group than it had";
	if (reg->has_size && S_ISREG(stat->st_mode) && (uint64_t)stat->st_size != reg->size)
		return "has another size than it had";
	return NULL;
}

static bool needs_build_id(const struct restored_file *file, const struct stat *stat)
{
	return file->entry->reg->n_build_id && S_ISREG(stat->st_mode) && !(file->flags & O_PATH);
}

/* Returns: why a file cannot be opened, NULL: it can. */
static const char *find_reason(const struct restore_files *files, const struct restored_file *file, int fd,
			       char *text, size_t size)
{
	const Image__RegFileEntry *reg = file->entry->reg;
	char name[256];
	const char *why;
	struct stat stat;

	if (fstat(fd, &stat))
		return strerror(errno);
	why = regular_difference(reg, &stat);
	if (why)
		return why;
	if (leases_find(files, fd, file->flags, name, sizeof(name))) {
		snprintf(text, size, "cannot be opened: in the way is %s", name);
		return text;
	}
	if (needs_build_id(file, &stat) && !build_id_is(fd, reg->build_id, reg->n_build_id))
		return "has another build id than it had";
	return NULL;
}

static int lookup(const struct restore_files *files, const struct restored_file *file)
{
	/* With O_PATH this is how it is opened. */
	return path_lookup(files, file->entry->reg->name,
			   file->flags & O_PATH ? file->flags & (O_NOFOLLOW | O_DIRECTORY) : 0);
}

static void check(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles)
{
	char text[512];
	const char *why;
	int fd;

	if (file->claimed || file->given >= 0)
		return;
	if (remap_check(files, file, obstacles) || inherit_find(files, file->entry->reg->name) >= 0)
		return;
	if (file->entry->reg->ext) {
		obstacle(obstacles, file->entry->reg->name, "is external: it needs --inherit-fd");
		return;
	}
	fd = lookup(files, file);
	if (fd < 0) {
		obstacle(obstacles, file->entry->reg->name, "%s", strerror(-fd));
		return;
	}
	why = find_reason(files, file, fd, text, sizeof(text));
	if (why)
		obstacle(obstacles, file->entry->reg->name, "%s", why);
	close(fd);
}

static int seek(const struct restored_file *file, int fd)
{
	off_t pos = file->entry->reg->pos;
	struct stat stat;

	/* -1 is of files that have none. */
	if (!pos || pos == -1 || file->flags & O_PATH)
		return 0;
	if (lseek(fd, pos, SEEK_SET) == pos)
		return 0;
	/* Some devices have none of their own. */
	return fstat(fd, &stat) || S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode) ? -EINVAL : 0;
}

static bool is_same(int fd, int other_fd)
{
	struct stat one, other;

	return !fstat(fd, &one) && !fstat(other_fd, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

int regular_open_at(const struct restore_files *files, const struct restored_file *file, int path_fd)
{
	int fd, ret = 0;

	if (file->flags & O_NOFOLLOW)
		fd = path_open_no_follow(files, file->entry->reg->name, file->flags);
	else
		fd = path_reopen(path_fd, file->flags);
	if (fd < 0)
		return fd;
	/* What was checked, not what has its name since. */
	if (file->flags & O_NOFOLLOW && !is_same(fd, path_fd))
		ret = -ESTALE;
	ret = ret ? ret : seek(file, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

static int open_named(struct restore_files *files, struct restored_file *file, int path_fd,
		      const struct image_error *error)
{
	const char *name = file->entry->reg->name, *why;
	char text[512];
	int fd;

	why = find_reason(files, file, path_fd, text, sizeof(text));
	if (why) {
		close(path_fd);
		return image_error(error, -EBUSY, name, "%s", why);
	}
	if (file->flags & O_PATH)
		return files_keep(files, file, path_fd, error);
	fd = regular_open_at(files, file, path_fd);
	close(path_fd);
	if (fd == -EAGAIN)
		return image_error(error, -EAGAIN, name, "cannot be opened: a lease is in the way");
	return files_keep(files, file, fd, error);
}

static int open_file(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	int inherited, fd;

	if (file->claimed)
		return 0;
	if (file->given >= 0)
		return inherit_take(files, file, file->given, error);
	if (remap_of(files, file))
		return remap_open(files, file, error);
	inherited = inherit_find(files, file->entry->reg->name);
	if (inherited >= 0)
		return inherit_take(files, file, inherited, error);
	if (file->entry->reg->ext)
		return image_error(error, -EBUSY, file->entry->reg->name,
				   "is external: it needs --inherit-fd");
	fd = lookup(files, file);
	if (fd < 0) {
		errno = -fd;
		return files_fail(files, file, error);
	}
	return open_named(files, file, fd, error);
}

const struct file_kind regular_kind = {
	.name = "file",
	.describe = describe,
	.read = remap_read,
	.validate = validate,
	.check = check,
	.open = open_file,
	.complete = remap_complete,
	.commit = remap_finish,
	.abandon = remap_abandon,
	.free = remap_free,
};
