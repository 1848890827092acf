// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/files/ghost.h"
#include "dump/files/kinds.h"
#include "dump/files/owner.h"
#include "dump/files/regular.h"
#include "dump/files/share.h"
#include "dump/files/source.h"
#include "procfs/mountinfo.h"

void *files_grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? 2 * nr : 1, size);
}

uint32_t files_next_id(struct dump_files *files)
{
	return ++files->last_id;
}

int files_of_process(struct dump_files *files, pid_t pid)
{
	if (files->pid == pid)
		return 0;
	if (files->dir >= 0)
		close(files->dir);
	if (files->pidfd >= 0)
		close(files->pidfd);
	files->pid = 0;
	files->pidfd = -1;
	files->dir = proc_open(pid);
	if (files->dir < 0)
		return files->dir;
	files->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (files->pidfd < 0)
		return -errno;
	files->pid = pid;
	return 0;
}

/* What it is: "descriptor 7". */
static void name_source(char *name, size_t size, const struct file_source *source)
{
	if (source->socket)
		snprintf(name, size, "in flight to %s", source->socket->path);
	else if (source->link)
		snprintf(name, size, "%s", source->link);
	else if (source->end)
		snprintf(name, size, "mapping at %llx", (unsigned long long)source->start);
	else
		snprintf(name, size, "descriptor %d", source->fd);
}

void file_block(struct dump_files *files, const struct dump_file *file, const char *format, ...)
{
	const struct file_source *source = &file->source;
	char name[64], what[FILE_PATH_MAX + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	name_source(name, sizeof(name), source);
	/* What is in flight was received here: the process is that of the socket. */
	while (source->socket)
		source = &source->socket->source;
	block(files->blockers, "%d: %s: %s", source->pid, name, what);
}

/* Files -------------------------------------------------------------------------------------------- */

static void file_free(struct dump_file *file)
{
	if (!file)
		return;
	if (file->own && file->kind->clear)
		file->kind->clear(file);
	if (file->source.socket)
		close(file->source.fd);
	free(file->own);
	free(file->path);
	free(file);
}

static int change_kind(struct dump_file *file, const struct file_kind *kind)
{
	if (kind == file->kind)
		return 0;
	if (file->own && file->kind->clear)
		file->kind->clear(file);
	free(file->own);
	file->own = kind->size ? calloc(1, kind->size) : NULL;
	file->kind = kind;
	return kind->size && !file->own ? -ENOMEM : 0;
}

static int set_kind(struct dump_files *files, struct dump_file *file)
{
	return change_kind(file, file_kind_of(files, file));
}

/* Makes a file of which the path, stat and kind are known. */
static int file_new(struct dump_files *files, const struct file_source *source, struct dump_file **out)
{
	struct dump_file *file = calloc(1, sizeof(*file));
	int ret;

	if (!file)
		return -ENOMEM;
	file->source = *source;
	image__fown_entry__init(&file->owner);
	ret = source_path(files, source, &file->path);
	if (!ret)
		ret = source_stat(files, source, &file->stat);
	if (!ret)
		ret = set_kind(files, file);
	if (ret)
		file_free(file);
	else
		*out = file;
	return ret;
}

static int add_file(struct dump_files *files, struct dump_file *file)
{
	struct dump_file **all = files_grow(files->files, files->nr, sizeof(*all));

	if (!all)
		return -ENOMEM;
	files->files = all;
	file->id = files_next_id(files);
	all[files->nr++] = file;
	return 0;
}

/* Descriptors -------------------------------------------------------------------------------------- */

/* Lines that are common to all files come first. */
static bool is_common(struct proc_text line, unsigned int *seen)
{
	static const char *const words[] = { "pos:", "flags:", "mnt_id:", "ino:" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!(*seen & 1U << i) && proc_text_skip(&line, words[i])) {
			*seen |= 1U << i;
			return true;
		}
	}
	return false;
}

static int read_lines(struct dump_files *files, struct dump_file *file, struct proc_fdinfo *info)
{
	struct proc_text line;
	unsigned int seen = 0;
	int ret = 0;

	while (!ret && (ret = proc_lines_next(files->lines, &line)) > 0) {
		if (is_common(line, &seen))
			ret = proc_fdinfo_line(line, info, NULL, NULL);
		else
			ret = file->kind->line ? file->kind->line(file, line) : 0;
	}
	return ret;
}

static int read_fdinfo(struct dump_files *files, struct dump_file *file, bool *cloexec)
{
	struct proc_fdinfo info = { .mnt_id = -1 };
	char name[32];
	int ret = files_of_process(files, file->source.pid);

	if (ret)
		return ret;
	snprintf(name, sizeof(name), "fdinfo/%d", file->source.fd);
	ret = proc_lines_open(files->lines, files->dir, name);
	if (ret)
		return ret;
	ret = read_lines(files, file, &info);
	proc_lines_close(files->lines);
	file->pos = info.pos;
	file->flags = info.flags & ~O_CLOEXEC;
	*cloexec = info.flags & O_CLOEXEC;
	return ret;
}

/* The module told the rest already; only what kinds have of their own is still to be read. */
static int read_state(struct dump_files *files, struct dump_file *file, const struct crlock_file *row,
		      bool *cloexec)
{
	int ret = 0;

	if (!row || file->kind->line)
		ret = read_fdinfo(files, file, cloexec);
	if (row) {
		file->pos = row->pos;
		file->flags = row->flags & ~O_CLOEXEC;
		file->module_id = row->id;
		*cloexec = row->fd_flags & FD_CLOEXEC;
	}
	/* A place only (O_PATH) may be another kind than the file there. */
	return ret ? ret : set_kind(files, file);
}

/* Which family a socket is of is told by itself only. */
static int look_at(struct dump_files *files, struct dump_file *file)
{
	int fd = source_duplicate(files, &file->source), ret = 0;

	if (fd < 0)
		return fd;
	if (file->kind == &file_kind_socket)
		ret = change_kind(file, file_kind_of_socket(fd));
	if (!ret)
		ret = file->kind == &file_kind_other ? 0 : owner_read(files, file, fd);
	if (!ret && file->kind->look)
		ret = file->kind->look(files, file, fd);
	close(fd);
	return ret;
}

/* Takes in a file that was just made. @out gets it, or the one of the same description that was there. */
static int join(struct dump_files *files, struct dump_file *file, struct dump_file **out)
{
	int ret;

	*out = share_find(files->share, file);
	if (*out) {
		file_free(file);
		return 0;
	}
	ret = add_file(files, file);
	if (ret) {
		file_free(file);
		return ret;
	}
	*out = file;
	ret = share_add(files->share, file);
	return ret ? ret : look_at(files, file);
}

static int read_descriptor(struct dump_files *files, pid_t pid, int fd, struct table_entry *entry)
{
	const struct file_source source = { .pid = pid, .fd = fd };
	const struct crlock_file *row = share_row(files->share, pid, fd);
	struct dump_file *file;
	int ret;

	entry->fd = fd;
	entry->file = row ? share_find_id(files->share, row->id) : NULL;
	if (entry->file) {
		entry->cloexec = row->fd_flags & FD_CLOEXEC;
		return 0;
	}
	ret = file_new(files, &source, &file);
	if (ret)
		return ret;
	ret = read_state(files, file, row, &entry->cloexec);
	if (ret) {
		file_free(file);
		return ret;
	}
	return join(files, file, &entry->file);
}

/* Only a lack of memory ends the dump at once; anything else is told, and what follows is looked at too. */
static int failed(struct dump_files *files, pid_t pid, int fd, int error)
{
	if (error == -ENOMEM)
		return error;
	block(files->blockers, "%d: descriptor %d: cannot be read: %s", pid, fd, strerror(-error));
	return 0;
}

static int add_descriptor(struct dump_files *files, struct file_table *table, int fd)
{
	struct table_entry *entries = files_grow(table->entries, table->nr, sizeof(*entries));
	int ret;

	if (!entries)
		return -ENOMEM;
	table->entries = entries;
	ret = read_descriptor(files, table->pid, fd, &entries[table->nr]);
	if (ret)
		return failed(files, table->pid, fd, ret);
	table->nr++;
	return 0;
}

static int compare_entries(const void *x, const void *y)
{
	const struct table_entry *a = x, *b = y;

	return (a->fd > b->fd) - (a->fd < b->fd);
}

static int read_table(struct dump_files *files, struct file_table *table)
{
	struct proc_numbers *numbers;
	int ret = files_of_process(files, table->pid), fd;

	if (!ret)
		ret = proc_numbers_open(&numbers, files->dir, "fd");
	if (ret)
		return ret;
	while (!ret && (ret = proc_numbers_next(numbers, &fd)) > 0)
		ret = add_descriptor(files, table, fd);
	proc_numbers_close(numbers);
	if (table->nr)
		qsort(table->entries, table->nr, sizeof(*table->entries), compare_entries);
	return ret;
}

int dump_files_table(struct dump_files *files, pid_t pid, uint32_t number)
{
	struct file_table *tables = files_grow(files->tables, files->nr_tables, sizeof(*tables));

	if (!tables)
		return -ENOMEM;
	files->tables = tables;
	tables[files->nr_tables] = (struct file_table){ .pid = pid, .number = number };
	files->nr_tables++;
	return read_table(files, &tables[files->nr_tables - 1]);
}

/* Several messages to one socket are one flight. */
static int add_flight(struct dump_files *files, const struct dump_file *file, const struct dump_file *socket)
{
	struct file_flight *flights;

	for (size_t i = 0; i < files->nr_flights; i++) {
		if (files->flights[i].file == file && files->flights[i].socket == socket)
			return 0;
	}
	flights = files_grow(files->flights, files->nr_flights, sizeof(*flights));
	if (!flights)
		return -ENOMEM;
	files->flights = flights;
	flights[files->nr_flights++] = (struct file_flight){ file, socket };
	return 0;
}

int files_add_in_flight(struct dump_files *files, int fd, const struct dump_file *socket,
			struct dump_file **out)
{
	const struct file_source source = { .pid = getpid(), .fd = fd, .socket = socket };
	struct dump_file *file;
	bool cloexec;
	int ret = file_new(files, &source, &file);

	if (ret) {
		close(fd);
		return ret;
	}
	ret = read_state(files, file, NULL, &cloexec);
	if (ret) {
		file_free(file);
		return ret;
	}
	ret = join(files, file, out);
	return ret ? ret : add_flight(files, *out, socket);
}

int dump_files_each_flight(const struct dump_files *files, dump_files_flight_fn *fn, void *data)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_flights; i++) {
		const struct dump_file *file = files->flights[i].file;
		const struct dump_files_flight flight = {
			.id = file->id,
			.socket = files->flights[i].socket->stat.ino,
			.pid = file->source.pid,
			.fd = file->source.fd,
		};

		ret = fn(&flight, data);
	}
	return ret;
}

/* Mappings and links ------------------------------------------------------------------------------- */

/* A file that is no descriptor's: one entry stands for all that are alike. */
static int compare_places(const void *x, const void *y)
{
	const struct dump_file *a = x, *b = y;

#define COMPARE(field) ((a->field > b->field) - (a->field < b->field))
	return COMPARE(stat.dev) ?: COMPARE(stat.ino) ?: COMPARE(stat.mnt_id) ?: strcmp(a->path, b->path);
#undef COMPARE
}

/* Takes in a file that was just made. */
static int join_place(struct dump_files *files, struct dump_file *file, struct dump_file **out)
{
	struct dump_file **node = tsearch(file, &files->places, compare_places);
	int ret;

	if (!node || *node != file) {
		*out = node ? *node : NULL;
		file_free(file);
		return node ? 0 : -ENOMEM;
	}
	ret = add_file(files, file);
	if (ret) {
		tdelete(file, &files->places, compare_places);
		file_free(file);
		return ret;
	}
	*out = file;
	return file->kind->look ? file->kind->look(files, file, -1) : 0;
}

int dump_files_link(struct dump_files *files, pid_t pid, const char *link, uint32_t *id)
{
	const struct file_source source = { .pid = pid, .fd = -1, .link = link };
	struct dump_file *file;
	int ret = file_new(files, &source, &file);

	if (!ret)
		ret = join_place(files, file, &file);
	if (!ret)
		*id = file->id;
	return ret;
}

static bool has_no_name(const struct dump_files *files, const struct dump_file *file)
{
	return file->stat.dev == files->shmem_dev &&
	       (!strncmp(file->path, "/dev/zero", 9) || !strncmp(file->path, "/SYSV", 5));
}

int dump_files_mapping(struct dump_files *files, pid_t pid, uint64_t start, uint64_t end, uint32_t *id)
{
	const struct file_source source = { .pid = pid, .fd = -1, .start = start, .end = end };
	struct dump_file *file;
	int ret = file_new(files, &source, &file);

	if (ret)
		return ret;
	if (has_no_name(files, file)) {
		file_free(file);
		return -EMEDIUMTYPE;
	}
	ret = join_place(files, file, &file);
	if (!ret)
		ret = regular_mapped(file, pid, start, end);
	if (!ret)
		*id = file->id;
	return ret;
}

/* Beginning and end -------------------------------------------------------------------------------- */

static int compare_mounts(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static int keep_mount(const struct proc_mount *mount, void *data)
{
	struct dump_files *files = data;
	uint64_t *mounts = files_grow(files->mounts, files->nr_mounts, sizeof(*mounts));

	if (!mounts)
		return -ENOMEM;
	files->mounts = mounts;
	mounts[files->nr_mounts++] = mount->id;
	return 0;
}

static int read_mounts_of(struct dump_files *files, pid_t pid)
{
	struct proc_mounts *mounts;
	int ret = proc_mounts_read(&mounts, pid);

	if (ret)
		return ret;
	ret = proc_mounts_each(mounts, keep_mount, files);
	proc_mounts_free(mounts);
	return ret;
}

/*
 * The tree is of one mount namespace, this program's too. Whose root is a directory sees what is mounted below that
 * alone, and can have files from outside all the same: those of a container's engine, say.
 */
static int read_mounts(struct dump_files *files)
{
	int ret = read_mounts_of(files, files->tree->processes[0].pid);

	ret = ret ? ret : read_mounts_of(files, getpid());
	if (files->nr_mounts)
		qsort(files->mounts, files->nr_mounts, sizeof(*files->mounts), compare_mounts);
	return ret;
}

static int find_shmem_dev(struct dump_files *files)
{
	int fd = memfd_create("crdump", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st))
		files->shmem_dev = st.st_dev;
	close(fd);
	return 0;
}

int dump_files_new(struct dump_files **out, const struct trace_tree *tree,
		   const struct dump_files_options *options, struct blockers *blockers)
{
	struct dump_files *files = calloc(1, sizeof(*files));
	int ret;

	if (!files)
		return -ENOMEM;
	files->tree = tree;
	files->options = *options;
	files->blockers = blockers;
	files->dir = -1;
	files->pidfd = -1;
	files->lines = malloc(sizeof(*files->lines));
	ret = files->lines ? share_new(&files->share, tree, options->use_module) : -ENOMEM;
	if (!ret)
		ret = read_mounts(files);
	if (!ret)
		ret = find_shmem_dev(files);
	if (ret)
		dump_files_free(files);
	else
		*out = files;
	return ret;
}

static void keep(void *file)
{
	(void)file;
}

void dump_files_free(struct dump_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->nr_tables; i++)
		free(files->tables[i].entries);
	for (size_t i = 0; i < files->nr; i++)
		file_free(files->files[i]);
	for (size_t i = 0; i < files->nr_links; i++)
		free(files->links[i]);
	if (files->dir >= 0)
		close(files->dir);
	if (files->pidfd >= 0)
		close(files->pidfd);
	tdestroy(files->places, keep);
	share_free(files->share);
	free(files->files);
	free(files->tables);
	free(files->flights);
	free(files->links);
	free(files->lines);
	free(files->mounts);
	inodes_free(&files->ghosts);
	inodes_free(&files->pipes);
	inodes_free(&files->memories);
	inodes_free(&files->unix_sockets);
	inodes_free(&files->ttys);
	diag_free(files->sockets);
	free(files);
}

int dump_files_settle(struct dump_files *files)
{
	int ret = 0;

	if (files->settled)
		return 0;
	files->settled = true;
	/* More may be added meanwhile: what is in flight. */
	for (size_t i = 0; !ret && i < files->nr; i++) {
		if (files->files[i]->kind->settle)
			ret = files->files[i]->kind->settle(files, files->files[i]);
	}
	return ret ? ret : ghosts_check(files);
}
