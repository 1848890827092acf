// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Epoll sets. What is watched is a file and the number that it was added with, and that may be closed by now or be
 * another file's: files are added by a process that ends at once, where each has its number for a moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "procfs/order.h"
#include "restore/files/child.h"
#include "restore/files/room.h"

#define EVENTS_PRIVATE (EPOLLONESHOT | EPOLLET | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define EVENTS_ALWAYS  (EPOLLERR | EPOLLHUP)

/* That a table has a set, in one descriptor or more. */
struct epoll_place {
	const struct restored_file *file;
	const struct restored_table *table;
};

struct epoll_places {
	struct epoll_place *places; /* by file and table, each once */
	size_t nr;
};

static bool describe(struct restored_file *file)
{
	const Image__EventpollFileEntry *epfd = file->entry->epfd;

	if (!epfd || epfd->id != file->id)
		return false;
	file->flags = epfd->flags;
	file->fown = epfd->fown;
	return true;
}

/* Whose numbers ------------------------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
	const struct epoll_place *x = a, *y = b;

	COMPARE(x->file, y->file);
	COMPARE(x->table, y->table);
	return 0;
}

/* A set that a table has in many descriptors would have as many looked through for all that it watches. */
static void sort_places(struct epoll_places *places)
{
	size_t nr = 0;

	if (places->nr)
		qsort(places->places, places->nr, sizeof(*places->places), compare_places);
	for (size_t i = 0; i < places->nr; i++) {
		if (!nr || compare_places(&places->places[nr - 1], &places->places[i]))
			places->places[nr++] = places->places[i];
	}
	places->nr = nr;
}

static int find_places(struct restore_files *files, const struct image_error *error)
{
	struct epoll_places *places = calloc(1, sizeof(*places));

	files->rooms.epoll_places = places;
	if (!places)
		return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < files->nr_tables; i++) {
		const struct restored_table *table = &files->tables[i];

		for (size_t j = 0; j < table->nr; j++) {
			struct epoll_place *place;

			if (table->descriptors[j].file->kind != &epoll_kind)
				continue;
			place = files_append(&places->places, &places->nr, sizeof(*place));
			if (!place)
				return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
			*place = (struct epoll_place){ table->descriptors[j].file, table };
		}
	}
	sort_places(places);
	return 0;
}

static struct restored_file *find_in_table(const struct restored_table *table, int fd)
{
	size_t first = FIRST_NOT(i, table->nr, table->descriptors[i].fd < fd);

	return first < table->nr && table->descriptors[first].fd == fd ? table->descriptors[first].file
								       : NULL;
}

static size_t first_place(const struct epoll_places *places, const struct restored_file *file)
{
	return FIRST_NOT(i, places->nr, places->places[i].file < file);
}

/* Pipes and sockets are recorded with their inode numbers. */
static bool is_inode(const struct restored_file *file, uint64_t inode)
{
	if (file->entry->pipe)
		return file->entry->pipe->pipe_id == inode;
	if (file->entry->usk)
		return file->entry->usk->ino == inode;
	if (file->entry->isk)
		return file->entry->isk->ino == inode;
	return true;
}

/* The file that a set watches: told by crdump, or else what has the number beside the set. */
static struct restored_file *find_target(const struct restore_files *files, const struct restored_file *file,
					 const Image__EventpollTfdEntry *tfd)
{
	const struct epoll_places *places = files->rooms.epoll_places;
	struct restored_file *likely = NULL;

	if (tfd->has_target_id)
		return files_find(files, tfd->target_id);
	for (size_t i = first_place(places, file); i < places->nr && places->places[i].file == file; i++) {
		struct restored_file *found;

		found = find_in_table(places->places[i].table, tfd->tfd);
		if (found && (!tfd->has_inode || is_inode(found, tfd->inode)))
			return found;
		likely = likely ? likely : found;
	}
	return likely;
}

static int key_of(const Image__EventpollTfdEntry *tfd)
{
	return tfd->has_key_fd ? tfd->key_fd : tfd->tfd;
}

/* Reading has put files into order, but not yet opened any: targets are found now, to tell what is wrong. */
static int validate(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	const Image__EventpollFileEntry *epfd = file->entry->epfd;
	int ret = files->rooms.epoll_places ? 0 : find_places(files, error);

	for (size_t i = 0; !ret && i < epfd->n_tfd; i++) {
		const Image__EventpollTfdEntry *tfd = epfd->tfd[i];

		if (tfd->tfd > FILES_FD_MAX || key_of(tfd) < 0 || key_of(tfd) > FILES_FD_MAX)
			return files_wrong(files, file, error, "a number that it watches makes no sense");
		if (!find_target(files, file, tfd))
			return files_wrong(files, file, error,
					   "it watches a descriptor that is not recorded");
		if (key_of(tfd) >= files->lowest)
			files->lowest = key_of(tfd) + 1;
	}
	return ret;
}

static int open_epoll(struct restore_files *files, struct restored_file *file,
		      const struct image_error *error)
{
	return files_keep(files, file, files_result(epoll_create1(EPOLL_CLOEXEC)), error);
}

/* Adding -------------------------------------------------------------------------------------------- */

/* What the process that adds is told, and how far it came. */
struct progress {
	const struct restore_files *files;
	uint32_t id;
	int fd;
};

static bool is_disarmed(const Image__EventpollTfdEntry *tfd)
{
	return tfd->events & EPOLLONESHOT && !(tfd->events & ~(uint32_t)(EVENTS_PRIVATE | EVENTS_ALWAYS)) &&
	       !(tfd->events & EVENTS_ALWAYS);
}

/*
 * The kernel has no way to add what has told its one event; so one is had, if there is any to be had now. The set
 * has nothing else yet that would tell events.
 */
static int add_disarmed(int epoll, int fd, struct epoll_event *event)
{
	struct epoll_event all = *event, told;

	all.events |= EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &all))
		return -errno;
	if (epoll_wait(epoll, &told, 1, 0) == 1)
		return 0;
	return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, event) ? -errno : 0;
}

static int add(const struct restore_files *files, const struct restored_file *file,
	       const Image__EventpollTfdEntry *tfd)
{
	struct epoll_event event = { .events = tfd->events, .data.u64 = tfd->data };
	int key = key_of(tfd), target = find_target(files, file, tfd)->fd;

	if (dup2(target, key) < 0)
		return -errno;
	if (is_disarmed(tfd))
		return add_disarmed(file->fd, key, &event);
	return epoll_ctl(file->fd, EPOLL_CTL_ADD, key, &event) ? -errno : 0;
}

static int add_all(const struct restore_files *files, const struct restored_file *file,
		   struct progress *progress)
{
	const Image__EventpollFileEntry *epfd = file->entry->epfd;
	int ret = 0;

	for (int disarmed = 1; disarmed >= 0; disarmed--) {
		for (size_t i = 0; !ret && i < epfd->n_tfd; i++) {
			if (is_disarmed(epfd->tfd[i]) != disarmed)
				continue;
			progress->id = file->id;
			progress->fd = key_of(epfd->tfd[i]);
			ret = add(files, file, epfd->tfd[i]);
		}
	}
	return ret;
}

static int add_files(void *data)
{
	struct progress *progress = data;
	const struct restore_files *files = progress->files;
	int ret = 0;

	for (size_t i = 0; !ret && i < files->nr_files; i++) {
		if (files->files[i].kind == &epoll_kind)
			ret = add_all(files, &files->files[i], progress);
	}
	return ret;
}

static int complete(struct restore_files *files, const struct image_error *error)
{
	struct progress progress = { .files = files, .fd = -1 };
	int ret;

	if (!files->rooms.epoll_places)
		return 0;
	ret = child_run(0, add_files, &progress, sizeof(progress));
	if (ret && progress.fd < 0)
		image_error(error, ret, files->path, "no process can be made that fills epolls: %s",
			    strerror(-ret));
	else if (ret)
		image_error(error, ret, files->path, "epoll %u: descriptor %d cannot be added: %s",
			    progress.id, progress.fd, strerror(-ret));
	return ret;
}

static void free_places(struct restore_files *files)
{
	if (files->rooms.epoll_places)
		free(files->rooms.epoll_places->places);
	free(files->rooms.epoll_places);
}

const struct file_kind epoll_kind = {
	.name = "epoll",
	.describe = describe,
	.validate = validate,
	.open = open_epoll,
	.complete = complete,
	.free = free_places,
};
