// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/mapped.h"

/* ---- Finding it ---- */

static bool find_told(struct crlock_holder *holder, const struct lock *lock, const struct trace_tree *tree)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		const struct crlock_holder *row = &lock->holders[i].row;

		if (row->kind == CRLOCK_HOLDER_MAPPING && trace_tree_has(tree, row->tgid)) {
			*holder = *row;
			return true;
		}
	}
	return false;
}

static bool is_of(const struct proc_map *map, const struct lock *lock)
{
	return map->ino == lock->row.ino && map->dev_major == lock->row.dev_major &&
	       map->dev_minor == lock->row.dev_minor;
}

/* Returns: the address of the first mapping of the lock's file, 0: there is none. */
static uint64_t find_in_maps(int dir, const struct lock *lock)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_text line;
	struct proc_map map;
	uint64_t at = 0;

	if (lines && !proc_lines_open(lines, dir, "maps")) {
		while (!at && proc_lines_next(lines, &line) > 0) {
			if (!proc_map_parse(line, &map) && is_of(&map, lock))
				at = map.start;
		}
		proc_lines_close(lines);
	}
	free(lines);
	return at;
}

static bool find_untold(struct crlock_holder *holder, const struct lock *lock, const struct trace_tree *tree)
{
	int dir;

	if (!(lock->unknown & LOCK_UNKNOWN_HOLDERS) || lock->nr_holders ||
	    !trace_tree_has(tree, lock->row.pid))
		return false;
	dir = proc_open(lock->row.pid);
	if (dir < 0)
		return false;
	*holder = (struct crlock_holder){
		.kind = CRLOCK_HOLDER_MAPPING,
		.tgid = lock->row.pid,
		.tid = lock->row.pid,
		.fd = -1,
		.where = find_in_maps(dir, lock),
	};
	close(dir);
	return holder->where;
}

bool mapped_find(struct crlock_holder *holder, const struct lock *lock, const struct trace_tree *tree)
{
	/* Those of processes are gone with the descriptor. */
	if (lock->row.kind != CRLOCK_KIND_FLOCK)
		return false;
	return find_told(holder, lock, tree) || find_untold(holder, lock, tree);
}

/* ---- Looking at it ---- */

static int look(struct mapped_file *file, int dir, const struct proc_map *map)
{
	char name[64], path[PATH_MAX];
	ssize_t n;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	n = readlinkat(dir, name, path, sizeof(path));
	if (n < 0 || fstatat(dir, name, &file->stat, 0))
		return -errno;
	if ((size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	file->flags = map->perms[1] == 'w' && map->perms[3] == 's' ? O_RDWR : O_RDONLY;
	file->path = strndup(path, n);
	return file->path ? 0 : -ENOMEM;
}

int mapped_look(struct mapped_file *file, const struct crlock_holder *holder)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	int dir = proc_open(holder->tgid), ret = lines ? dir : -ENOMEM;
	struct proc_map map;

	if (ret >= 0)
		ret = proc_map_find(dir, holder->where, lines, &map);
	if (!ret)
		ret = look(file, dir, &map);
	if (dir >= 0)
		close(dir);
	free(lines);
	return ret;
}
