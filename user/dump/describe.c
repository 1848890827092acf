// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dump/describe.h"
#include "dump/mapped.h"
#include "dump/target.h"
#include "procfs/file.h"

/* A descriptor of the tree, through a table that its whole process has. NULL: there is none. */
static const struct crlock_holder *find_descriptor(const struct lock *lock, const struct trace_tree *tree)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *holder = &lock->holders[i].row;

		if (lock_holder_of_process(holder) && trace_tree_has(tree, holder->tgid))
			return holder;
	}
	return NULL;
}

static char *read_path(const struct crlock_holder *holder)
{
	char name[32], path[PATH_MAX];
	int dir = proc_open(holder->tgid);
	ssize_t n;

	if (dir < 0)
		return NULL;
	snprintf(name, sizeof(name), "fd/%d", holder->fd);
	n = readlinkat(dir, name, path, sizeof(path));
	close(dir);
	/* A path that may have been cut is none. */
	return n > 0 && (size_t)n < sizeof(path) ? strndup(path, n) : NULL;
}

static void cut_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t length = strlen(path);

	if (length > strlen(mark) && !strcmp(path + length - strlen(mark), mark))
		path[length - strlen(mark)] = '\0';
}

static void set_stat(struct checkpoint_file *file, const struct stat *st)
{
	file->mode = st->st_mode;
	file->size = st->st_size;
	file->dev_major = major(st->st_dev);
	file->dev_minor = minor(st->st_dev);
	file->ino = st->st_ino;
	file->deleted = st->st_nlink == 0;
	if (file->deleted)
		cut_deleted(file->path);
}

static int look(struct checkpoint_file *file, int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);
	off_t pos = lseek(fd, 0, SEEK_CUR);
	int err = pos < 0 ? errno : 0;

	if (flags < 0 || fstat(fd, &st))
		return -errno;
	/* A directory's may be no offset; a pipe has none. */
	if (err && S_ISREG(st.st_mode))
		return -err;
	file->flags = flags;
	file->pos = err ? 0 : pos;
	set_stat(file, &st);
	return 0;
}

static void set_file(struct checkpoint_file *file, const struct lock *lock)
{
	file->id = lock->row.file_id;
	file->generation = lock->row.generation;
	file->mnt_id = lock->mnt_id;
}

static void add_holder(struct checkpoint_file *file, const struct crlock_holder *holder)
{
	file->holders[file->nr_holders] = *holder;
	file->holders[file->nr_holders++].file_id = file->id;
}

/* The module tells it, /proc does not. */
static bool is_told(const struct checkpoint_file *file, const struct dump_files_flight *flight)
{
	for (size_t i = 0; i < file->nr_holders; i++) {
		if (file->holders[i].kind == CRLOCK_HOLDER_IN_FLIGHT &&
		    file->holders[i].where == flight->socket)
			return true;
	}
	return false;
}

static void add_flights(struct checkpoint_file *file, const struct lock *lock, const struct flights *flights)
{
	struct crlock_holder message = { .kind = CRLOCK_HOLDER_IN_FLIGHT, .fd = -1 };

	for (size_t i = 0; i < flights->nr; i++) {
		const struct dump_files_flight *flight = &flights->rows[i];

		if (!flights_of(flight, lock))
			continue;
		file->in_flight = flight->id;
		message.where = flight->socket;
		if (!is_told(file, flight))
			add_holder(file, &message);
	}
}

static bool copy_holders(struct checkpoint_file *file, const struct lock *lock, const struct flights *flights)
{
	/* One more: see describe_mapped(). */
	file->holders = calloc(lock->nr_holders + flights->nr + 1, sizeof(*file->holders));
	if (!file->holders)
		return false;
	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (!flights_have_duplicate(flights, &lock->holders[i].row))
			add_holder(file, &lock->holders[i].row);
	}
	add_flights(file, lock, flights);
	return true;
}

/* Returns: whether it could be done. */
static bool finish(struct checkpoint_file *file, const struct lock *lock, int ret, struct blockers *blockers)
{
	if (!ret)
		return true;
	block_lock(blockers, lock, "its file: %s", strerror(-ret));
	free(file->path);
	free(file->holders);
	*file = (struct checkpoint_file){ 0 };
	return false;
}

static bool describe_mapped(struct checkpoint_file *file, const struct lock *lock,
			    const struct crlock_holder *holder, const struct flights *flights,
			    struct blockers *blockers)
{
	struct mapped_file mapped = { 0 };
	int ret = mapped_look(&mapped, holder);

	set_file(file, lock);
	file->path = mapped.path;
	file->flags = mapped.flags;
	if (!ret && !copy_holders(file, lock, flights))
		ret = -ENOMEM;
	if (!ret) {
		set_stat(file, &mapped.stat);
		/* Nobody has told it. */
		if (!file->nr_holders)
			add_holder(file, holder);
	}
	return finish(file, lock, ret, blockers);
}

bool describe_file(struct checkpoint_file *file, const struct lock *lock, const struct trace_tree *tree,
		   bool whole, const struct flights *flights, struct blockers *blockers)
{
	const struct crlock_holder *holder =
		find_descriptor(lock, tree) ?: flights_duplicate_of(flights, lock);
	struct crlock_holder mapping;
	int fd, ret;

	if (!holder && whole && mapped_find(&mapping, lock, tree))
		return describe_mapped(file, lock, &mapping, flights, blockers);
	if (!holder) {
		block_lock(blockers, lock, "no descriptor of a whole process of the tree leads to it");
		return false;
	}
	fd = target_descriptor(holder->tgid, holder->fd);
	if (fd < 0) {
		block_lock(blockers, lock, "descriptor %d of process %d: %s", holder->fd, holder->tgid,
			   strerror(-fd));
		return false;
	}
	set_file(file, lock);
	file->path = read_path(holder);
	ret = file->path && copy_holders(file, lock, flights) ? look(file, fd) : -ENOMEM;
	close(fd);
	return finish(file, lock, ret, blockers);
}
