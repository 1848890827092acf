// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes last, most of all who hears of what happens at a file. A signal's owner must be there when it is
 * set, and who sets it is recorded, for that is whose permission counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/files/child.h"
#include "restore/files/room.h"

static bool has_owner(const struct restored_file *file)
{
	return file->fown && (file->fown->pid || file->fown->signum);
}

/* Of this thread alone: the C library's setresuid() is of all. */
static int set_uids(uid_t uid, uid_t euid)
{
	return syscall(SYS_setresuid, uid, euid, -1) ? -errno : 0;
}

static int set_owner_as(const struct restored_file *file)
{
	const Image__FownEntry *fown = file->fown;
	struct f_owner_ex owner = { fown->pid_type, fown->pid };
	uid_t uid, euid, saved;
	int ret, back;

	if (!fown->pid)
		return 0;
	if (getresuid(&uid, &euid, &saved))
		return -errno;
	if (uid == fown->uid && euid == fown->euid)
		return fcntl(file->fd, F_SETOWN_EX, &owner) ? -errno : 0;
	ret = set_uids(fown->uid, fown->euid);
	if (ret)
		return ret;
	if (fcntl(file->fd, F_SETOWN_EX, &owner))
		ret = -errno;
	back = set_uids(uid, euid);
	return ret ? ret : back;
}

/* Returns: 0 or a negative errno value. */
static int set_owner(const struct restored_file *file)
{
	int ret = set_owner_as(file);

	/* Whoever it was has ended, and hears nothing. */
	if (ret == -ESRCH)
		ret = 0;
	if (!ret && file->fown->signum && fcntl(file->fd, F_SETSIG, file->fown->signum))
		ret = -errno;
	return ret;
}

static int finish(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	int ret;

	if (file->kind->finish) {
		ret = file->kind->finish(files, file, error);
		if (ret)
			return ret;
	}
	if (!has_owner(file) || file->flags & O_PATH)
		return 0;
	ret = set_owner(file);
	if (ret)
		image_error(error, ret, files_name(file), "its owner cannot be set: %s", strerror(-ret));
	return ret;
}

/* O_ASYNC -------------------------------------------------------------------------------------------- */

static bool is_async(const struct restored_file *file)
{
	return file->fd >= 0 && file->flags & O_ASYNC && !(file->flags & O_PATH);
}

struct progress {
	const struct restore_files *files;
	uint32_t id;
};

/* A signal tells the number with which it was asked for. */
static int make_async(const struct restored_file *file)
{
	int fd = file->number;

	if (fd < 0)
		fd = file->fd;
	else if (dup2(file->fd, fd) < 0)
		return -errno;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) ? -errno : 0;
}

static int make_all_async(void *data)
{
	struct progress *progress = data;
	const struct restore_files *files = progress->files;
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		progress->id = files->files[i].id;
		if (is_async(&files->files[i]))
			ret = make_async(&files->files[i]);
	}
	return ret;
}

static int finish_async(struct restore_files *files, const struct image_error *error)
{
	const struct restored_file *first = NULL;
	struct progress progress = { .files = files };
	int ret;

	for (size_t i = 0; !first && i < files->nr_files; i++) {
		if (is_async(&files->files[i]))
			first = &files->files[i];
	}
	if (!first)
		return 0;
	/* Where there is no process for it, that one is the first that is not. */
	progress.id = first->id;
	ret = child_run(0, make_all_async, &progress, sizeof(progress));
	if (ret)
		image_error(error, ret, files_name(files_find(files, progress.id)),
			    "cannot be made to tell by signals: %s", strerror(-ret));
	return ret;
}

int restore_files_finish(struct restore_files *files, const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		if (files->files[i].fd >= 0)
			ret = finish(files, &files->files[i], error);
	}
	if (!ret)
		ret = finish_async(files, error);
	return ret;
}
