// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watches are set when all files are open, and what this program's own doings made them tell is thrown away at the
 * end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procfs/mountinfo.h"
#include "restore/files/path.h"

#ifndef INOTIFY_IOC_SETNEXTWD
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, int32_t)
#endif

/* What a mask can say; what the kernel adds by itself is left out. */
#define MASK (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

static bool describe(struct restored_file *file)
{
	const Image__InotifyFileEntry *ify = file->entry->ify;

	if (!ify || ify->id != file->id)
		return false;
	file->flags = ify->flags;
	file->fown = ify->fown;
	return true;
}

static int compare(const void *a, const void *b)
{
	const Image__InotifyWdEntry *x = *(Image__InotifyWdEntry *const *)a;
	const Image__InotifyWdEntry *y = *(Image__InotifyWdEntry *const *)b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

/* In ascending order: the next number that is given is one higher than the last. */
static int validate(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	const Image__InotifyFileEntry *ify = file->entry->ify;

	if (ify->n_wd)
		qsort(ify->wd, ify->n_wd, sizeof(*ify->wd), compare);
	for (size_t i = 0; i < ify->n_wd; i++) {
		const Image__FhEntry *handle = ify->wd[i]->f_handle;

		if (!ify->wd[i]->wd || ify->wd[i]->wd > INT_MAX || !(ify->wd[i]->mask & IN_ALL_EVENTS))
			return files_wrong(files, file, error, "a watch makes no sense");
		if (handle->path ? !path_is_sound(handle->path)
				 : handle->bytes > MAX_HANDLE_SZ ||
					   handle->bytes > handle->n_handle * sizeof(*handle->handle))
			return files_wrong(files, file, error, "what it watches makes no sense");
	}
	return 0;
}

/* What is watched ------------------------------------------------------------------------------------ */

/* The number is as the kernel keeps it, not as stat(2) tells it. */
static int open_mount(uint32_t device)
{
	struct proc_mounts *mounts;
	struct proc_mount mount;
	int fd = -ENODEV;

	if (proc_mounts_read(&mounts, getpid()))
		return -ENODEV;
	if (!proc_mounts_find_device(mounts, device >> 20, device & 0xfffff, &mount)) {
		fd = open(mount.target, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	proc_mounts_free(mounts);
	return fd;
}

static int open_handle(const Image__InotifyWdEntry *wd)
{
	const Image__FhEntry *entry = wd->f_handle;
	struct file_handle *handle = malloc(sizeof(*handle) + entry->bytes);
	int mount, fd;

	if (!handle)
		return -ENOMEM;
	handle->handle_bytes = entry->bytes;
	handle->handle_type = entry->type;
	memcpy(handle->f_handle, entry->handle, entry->bytes);
	mount = open_mount(wd->s_dev);
	fd = mount < 0 ? mount : open_by_handle_at(mount, handle, O_PATH | O_CLOEXEC);
	if (mount >= 0) {
		fd = fd < 0 ? -errno : fd;
		close(mount);
	}
	free(handle);
	return fd;
}

static int lookup(const struct restore_files *files, const Image__InotifyWdEntry *wd)
{
	const Image__FhEntry *handle = wd->f_handle;
	int fd = handle->path ? path_lookup(files, handle->path, O_NOFOLLOW) : open_handle(wd);
	struct stat st;

	if (fd < 0 || !handle->path)
		return fd;
	/* A path leads where those let it lead who may write to its directories; root may watch anything. */
	if (!fstat(fd, &st) && !IS_ANOTHERS(handle, &st))
		return fd;
	close(fd);
	return -ESTALE;
}

/* Of lookup(), and of adding a watch. */
static const char *reason(int err)
{
	return err == ESTALE ? "it has another owner or group than it had" : strerror(err);
}

static void name_watch(char *name, size_t size, const struct restored_file *file,
		       const Image__InotifyWdEntry *wd)
{
	if (wd->f_handle->path)
		snprintf(name, size, "%s", wd->f_handle->path);
	else
		snprintf(name, size, "inotify %u: watch %u of inode %llu", file->id, wd->wd,
			 (unsigned long long)wd->i_ino);
}

static void check(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles)
{
	const Image__InotifyFileEntry *ify = file->entry->ify;
	char name[PATH_MAX];

	for (size_t i = 0; i < ify->n_wd; i++) {
		int fd = lookup(files, ify->wd[i]);

		if (fd >= 0) {
			close(fd);
			continue;
		}
		name_watch(name, sizeof(name), file, ify->wd[i]);
		obstacle(obstacles, name, "cannot be watched: %s", reason(-fd));
	}
}

/* Opening ------------------------------------------------------------------------------------------ */

static int open_inotify(struct restore_files *files, struct restored_file *file,
			const struct image_error *error)
{
	int flags = IN_CLOEXEC | (file->flags & IN_NONBLOCK);

	return files_keep(files, file, files_result(inotify_init1(flags)), error);
}

static int add(const struct restored_file *file, const Image__InotifyWdEntry *wd, int fd)
{
	char path[64];
	int got;

	if (ioctl(file->fd, INOTIFY_IOC_SETNEXTWD, wd->wd))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	got = inotify_add_watch(file->fd, path, wd->mask & MASK);
	if (got < 0)
		return -errno;
	/* Another number: it watches that already, under another. */
	return got == (int)wd->wd ? 0 : -EEXIST;
}

static int add_watches(struct restore_files *files, const struct restored_file *file,
		       const struct image_error *error)
{
	const Image__InotifyFileEntry *ify = file->entry->ify;
	char name[PATH_MAX];
	int ret = 0;

	for (size_t i = 0; !ret && i < ify->n_wd; i++) {
		int fd = lookup(files, ify->wd[i]);

		ret = fd < 0 ? fd : add(file, ify->wd[i], fd);
		if (fd >= 0)
			close(fd);
		if (!ret)
			continue;
		name_watch(name, sizeof(name), file, ify->wd[i]);
		image_error(error, ret, name, "cannot be watched: %s", reason(-ret));
	}
	return ret;
}

static int complete(struct restore_files *files, const struct image_error *error)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		if (files->files[i].kind == &inotify_kind)
			ret = add_watches(files, &files->files[i], error);
	}
	return ret;
}

static int finish(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	char events[4096];
	int ret;

	if (!(file->flags & IN_NONBLOCK) && files_set_flags(file->fd, file->flags | O_NONBLOCK))
		return files_fail(files, file, error);
	while (read(file->fd, events, sizeof(events)) > 0)
		;
	ret = files_set_flags(file->fd, file->flags);
	errno = -ret;
	return ret ? files_fail(files, file, error) : 0;
}

const struct file_kind inotify_kind = {
	.name = "inotify",
	.describe = describe,
	.validate = validate,
	.check = check,
	.open = open_inotify,
	.complete = complete,
	.finish = finish,
};
