// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inotify: watches are of inodes, and a restore needs paths. The handle that fdinfo tells leads to one, if the
 * filesystem opens handles; else the file may be one that the tree has open, or a directory on the way to one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dump/files/kinds.h"
#include "dump/files/source.h"
#include "procfs/mountinfo.h"

/* A handle has up to 128 bytes, and images have them as so many words. */
#define HANDLE_WORDS 16

struct watch {
	uint32_t wd, mask, ignored;
	uint64_t ino;
	uint32_t dev; /* as the kernel has it inside */
	int type; /* of the handle */
	size_t bytes;
	uint64_t handle[HANDLE_WORDS];
	char *path; /* owned */
};

struct watches {
	struct watch *watches;
	size_t nr;
};

/* Reading ------------------------------------------------------------------------------------------ */

/* Two digits for each byte. */
static bool read_handle(struct proc_text text, struct watch *watch)
{
	uint8_t *bytes = (uint8_t *)watch->handle;
	uint64_t value;

	if (watch->bytes > sizeof(watch->handle) || proc_text_len(text) != 2 * watch->bytes)
		return false;
	for (size_t i = 0; i < watch->bytes; i++) {
		if (!proc_text_unsigned(proc_text(text.at + 2 * i, 2), 16, UINT8_MAX, &value))
			return false;
		bytes[i] = value;
	}
	return true;
}

/* "NAME:VALUE" */
static bool field(struct proc_text *text, const char *name, uint64_t max, uint64_t *value)
{
	while (proc_text_skip(text, " "))
		;
	return proc_text_skip(text, name) && proc_text_unsigned(proc_text_word(text), 16, max, value);
}

static bool read_watch(struct proc_text text, struct watch *watch)
{
	uint64_t wd, dev, mask, ignored, bytes, type;

	if (!field(&text, "wd:", INT32_MAX, &wd) || !field(&text, "ino:", UINT64_MAX, &watch->ino) ||
	    !field(&text, "sdev:", UINT32_MAX, &dev) || !field(&text, "mask:", UINT32_MAX, &mask) ||
	    !field(&text, "ignored_mask:", UINT32_MAX, &ignored))
		return false;
	watch->wd = wd;
	watch->dev = dev;
	watch->mask = mask;
	watch->ignored = ignored;
	/* Some filesystems have no handles. */
	if (!field(&text, "fhandle-bytes:", sizeof(watch->handle), &bytes))
		return true;
	watch->bytes = bytes;
	if (!field(&text, "fhandle-type:", UINT8_MAX, &type))
		return false;
	watch->type = type;
	while (proc_text_skip(&text, " "))
		;
	return proc_text_skip(&text, "f_handle:") && read_handle(proc_text_word(&text), watch);
}

static int line(struct dump_file *file, struct proc_text text)
{
	struct watches *own = file->own;
	struct watch *watches;

	if (!proc_text_skip(&text, "inotify "))
		return 0;
	watches = files_grow(own->watches, own->nr, sizeof(*watches));
	if (!watches)
		return -ENOMEM;
	own->watches = watches;
	watches[own->nr] = (struct watch){ 0 };
	return read_watch(text, &watches[own->nr++]) ? 0 : -EINVAL;
}

/* Paths -------------------------------------------------------------------------------------------- */

/* A mount of the filesystem, and a file below it. */
struct search {
	uint32_t dev;
	int found; /* descriptor of the mount's root */
};

static uint32_t inner_device(unsigned int device_major, unsigned int device_minor)
{
	return device_major << 20 | device_minor;
}

static int open_mount(const struct proc_mount *mount, void *data)
{
	struct search *search = data;
	struct stat st;

	if (inner_device(mount->dev_major, mount->dev_minor) != search->dev)
		return 0;
	search->found = open(mount->target, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (search->found < 0)
		return 0;
	/* Another may be mounted above it. */
	if (!fstat(search->found, &st) && inner_device(major(st.st_dev), minor(st.st_dev)) == search->dev)
		return 1;
	close(search->found);
	search->found = -1;
	return 0;
}

static int open_filesystem(struct dump_files *files, uint32_t dev)
{
	struct search search = { dev, -1 };
	struct proc_mounts *mounts;

	if (proc_mounts_read(&mounts, files->tree->processes[0].pid))
		return -1;
	proc_mounts_each(mounts, open_mount, &search);
	proc_mounts_free(mounts);
	return search.found;
}

static char *path_of(int fd)
{
	char link[64], path[FILE_PATH_MAX];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) || !st.st_nlink || proc_link(AT_FDCWD, link, path, sizeof(path)) < 0)
		return NULL;
	return strdup(path);
}

/* Opened as a place only, which breaks no lease. */
static char *path_by_handle(struct dump_files *files, const struct watch *watch)
{
	struct {
		struct file_handle handle;
		uint64_t room[HANDLE_WORDS];
	} name = { .handle = { .handle_bytes = watch->bytes, .handle_type = watch->type } };
	int root = watch->bytes ? open_filesystem(files, watch->dev) : -1, fd;
	char *path = NULL;

	if (root < 0)
		return NULL;
	memcpy(name.handle.f_handle, watch->handle, watch->bytes);
	fd = open_by_handle_at(root, &name.handle, O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		path = path_of(fd);
		close(fd);
	}
	close(root);
	return path;
}

/* @st: gets what is there. */
static bool is_watched(const struct watch *watch, const char *path, struct stat *st)
{
	return !lstat(path, st) && st->st_ino == watch->ino &&
	       inner_device(major(st->st_dev), minor(st->st_dev)) == watch->dev;
}

/* The path itself, or of a directory on its way. */
static char *find_on_way(const struct watch *watch, const char *whole)
{
	char *path = whole[0] == '/' ? strdup(whole) : NULL;
	struct stat st;

	while (path && *path) {
		if (is_watched(watch, path, &st))
			return path;
		*strrchr(path, '/') = '\0';
	}
	free(path);
	return is_watched(watch, "/", &st) && whole[0] == '/' ? strdup("/") : NULL;
}

static char *path_of_open(const struct dump_files *files, const struct watch *watch)
{
	char *path = NULL;

	for (size_t i = 0; !path && i < files->nr; i++)
		path = find_on_way(watch, files->files[i]->path);
	return path;
}

static int settle(struct dump_files *files, struct dump_file *file)
{
	struct watches *own = file->own;

	for (size_t i = 0; i < own->nr; i++) {
		struct watch *watch = &own->watches[i];

		watch->path = path_by_handle(files, watch);
		if (!watch->path)
			watch->path = path_of_open(files, watch);
		if (!watch->path)
			file_block(
				files, file,
				"inotify: watch %u is of inode %llu of device %u:%u, whose path is not known",
				watch->wd, (unsigned long long)watch->ino, watch->dev >> 20,
				watch->dev & 0xfffff);
	}
	return 0;
}

/* What happened cannot be made to happen again. */
static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	int waiting = 0;

	if (ioctl(fd, FIONREAD, &waiting))
		return -errno;
	if (waiting)
		file_block(files, file,
			   "inotify: %d bytes of events that nobody has read yet; let it read them first",
			   waiting);
	return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

struct words {
	Image__InotifyWdEntry watch;
	Image__FhEntry handle;
};

/* By the time of a restore its path may lead to another's. */
static void fill_in_owner(Image__FhEntry *handle, const struct watch *watch)
{
	struct stat st;

	if (!is_watched(watch, watch->path, &st))
		return;
	handle->has_uid = handle->has_gid = true;
	handle->uid = st.st_uid;
	handle->gid = st.st_gid;
}

static void fill_in(struct words *words, const struct dump_file *file, struct watch *watch)
{
	image__inotify_wd_entry__init(&words->watch);
	image__fh_entry__init(&words->handle);
	words->handle.bytes = watch->bytes;
	words->handle.type = watch->type;
	words->handle.handle = watch->handle;
	words->handle.n_handle = HANDLE_WORDS;
	words->handle.path = watch->path;
	fill_in_owner(&words->handle, watch);
	words->watch.id = file->id;
	words->watch.i_ino = watch->ino;
	words->watch.mask = watch->mask;
	words->watch.ignored_mask = watch->ignored;
	words->watch.s_dev = watch->dev;
	words->watch.wd = watch->wd;
	words->watch.f_handle = &words->handle;
}

static int write_watches(struct dump_files *files, struct dump_file *file, struct words *words,
			 Image__InotifyWdEntry **list)
{
	const struct watches *own = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__InotifyFileEntry message = IMAGE__INOTIFY_FILE_ENTRY__INIT;

	for (size_t i = 0; i < own->nr; i++) {
		fill_in(&words[i], file, &own->watches[i]);
		list[i] = &words[i].watch;
	}
	message.id = file->id;
	message.flags = file->flags;
	message.fown = &file->owner;
	message.wd = list;
	message.n_wd = own->nr;
	entry.ify = &message;
	return files_write_entry(files, file, &entry);
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct watches *own = file->own;
	struct words *words = calloc(own->nr + 1, sizeof(*words));
	Image__InotifyWdEntry **list = calloc(own->nr + 1, sizeof(*list));
	int ret;

	if (words && list)
		ret = write_watches(files, file, words, list);
	else
		ret = image_error(files->error, -ENOMEM, file->path, "%s", strerror(ENOMEM));
	free(words);
	free(list);
	return ret;
}

static void clear(struct dump_file *file)
{
	struct watches *own = file->own;

	for (size_t i = 0; i < own->nr; i++)
		free(own->watches[i].path);
	free(own->watches);
}

const struct file_kind file_kind_inotify = {
	.type = IMAGE__FD_TYPES__INOTIFY,
	.size = sizeof(struct watches),
	.line = line,
	.look = look,
	.settle = settle,
	.write = write_file,
	.clear = clear,
};
