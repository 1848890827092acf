// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crlock/monitor/paths.h"
#include "locks/module.h"
#include "procfs/file.h"

/* How many are kept; the one that was found first goes first. */
#define NR_KEPT 256

struct kept {
	uint32_t dev_major, dev_minor, generation;
	uint64_t ino;
	char *path; /* NULL: none is kept here */
};

struct paths {
	struct crlock *crlock; /* another than that which events come by */
	bool proc_is_ours;
	struct kept kept[NR_KEPT];
	size_t next; /* is overwritten next */
	char path[PATH_MAX + 16];
};

/* A description or file that is looked for, among the descriptors of a process. */
struct search {
	struct paths *paths;
	const struct crlock_event *event; /* NULL: by fd */
	int fd;
	struct crlock_file file;
	bool found;
};

int paths_open(struct paths **out)
{
	struct paths *paths = calloc(1, sizeof(*paths));
	int err = paths ? module_open(&paths->crlock) : -ENOMEM;

	if (err) {
		free(paths);
		paths = NULL;
	} else {
		paths->proc_is_ours = proc_is_ours();
	}
	*out = paths;
	return err;
}

void paths_close(struct paths *paths)
{
	if (!paths)
		return;
	for (size_t i = 0; i < NR_KEPT; i++)
		free(paths->kept[i].path);
	crlock_close(paths->crlock);
	free(paths);
}

static int take_descriptor(const struct crlock_file *file, void *data)
{
	struct search *search = data;

	search->found = file->fd == search->fd;
	search->file = *file;
	return search->found;
}

static void keep(struct paths *paths, struct kept kept)
{
	struct kept *place = &paths->kept[paths->next];

	if (!kept.path)
		return;
	free(place->path);
	*place = kept;
	paths->next = (paths->next + 1) % NR_KEPT;
}

int paths_find_file(struct paths *paths, const char *path, struct crlock_filter *filter)
{
	struct search search = { .fd = open(path, O_PATH | O_CLOEXEC) };
	pid_t self = getpid();
	int err;

	if (search.fd < 0)
		return -errno;
	/* The module knows the file as events do, on every filesystem; stat(2) does not. */
	err = crlock_each_file(paths->crlock, &self, 1, take_descriptor, &search);
	close(search.fd);
	if (err < 0)
		return err;
	if (!search.found)
		return -EBADF;
	filter->by_inode = true;
	filter->dev_major = search.file.dev_major;
	filter->dev_minor = search.file.dev_minor;
	filter->ino = search.file.ino;
	return 0;
}

static const struct kept *find_kept(const struct paths *paths, const struct crlock_event *event)
{
	for (size_t i = 0; i < NR_KEPT; i++) {
		const struct kept *kept = &paths->kept[i];

		if (kept->path && kept->ino == event->ino && kept->dev_major == event->dev_major &&
		    kept->dev_minor == event->dev_minor && kept->generation == event->generation)
			return kept;
	}
	return NULL;
}

/* Any descriptor of the file will do. */
static int take_path(const struct crlock_file *file, void *data)
{
	struct search *search = data;
	const struct crlock_event *event = search->event;
	char name[64];

	if (file->ino != event->ino || file->dev_major != event->dev_major ||
	    file->dev_minor != event->dev_minor || file->generation != event->generation)
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", file->tid, file->fd);
	search->found = proc_link(AT_FDCWD, name, search->paths->path, sizeof(search->paths->path)) > 0;
	return search->found;
}

static bool look_in(struct paths *paths, const struct crlock_event *event, pid_t pid)
{
	struct search search = { .paths = paths, .event = event };

	if (pid > 0 && paths->proc_is_ours)
		crlock_each_file(paths->crlock, &pid, 1, take_path, &search);
	return search.found;
}

const char *paths_get(struct paths *paths, const struct crlock_event *event)
{
	const struct kept *kept = find_kept(paths, event);

	if (kept)
		return kept->path;
	if (!look_in(paths, event, event->pid) &&
	    (event->by_pid == event->pid || !look_in(paths, event, event->by_pid)))
		return NULL;
	keep(paths, (struct kept){
			    .dev_major = event->dev_major,
			    .dev_minor = event->dev_minor,
			    .generation = event->generation,
			    .ino = event->ino,
			    .path = strdup(paths->path),
		    });
	return paths->path;
}
