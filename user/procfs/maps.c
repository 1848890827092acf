// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "procfs/maps.h"

static bool parse_addresses(struct proc_text *line, struct proc_map *map)
{
	struct proc_text word = proc_text_word(line), start;

	return proc_text_field(&word, '-', &start) &&
	       proc_text_unsigned(start, 16, UINT64_MAX, &map->start) &&
	       proc_text_unsigned(word, 16, UINT64_MAX, &map->end);
}

static bool parse_perms(struct proc_text *line, struct proc_map *map)
{
	struct proc_text word = proc_text_word(line);

	if (proc_text_len(word) != sizeof(map->perms) - 1)
		return false;
	memcpy(map->perms, word.at, sizeof(map->perms) - 1);
	map->perms[sizeof(map->perms) - 1] = '\0';
	return true;
}

static bool parse_device(struct proc_text *line, struct proc_map *map)
{
	struct proc_text word = proc_text_word(line), major;
	uint64_t value;

	if (!proc_text_field(&word, ':', &major) || !proc_text_unsigned(major, 16, UINT32_MAX, &value))
		return false;
	map->dev_major = value;
	if (!proc_text_unsigned(word, 16, UINT32_MAX, &value))
		return false;
	map->dev_minor = value;
	return true;
}

int proc_map_parse(struct proc_text line, struct proc_map *map)
{
	bool ok = parse_addresses(&line, map) && parse_perms(&line, map) &&
		  proc_text_unsigned(proc_text_word(&line), 16, UINT64_MAX, &map->offset) &&
		  parse_device(&line, map) &&
		  proc_text_unsigned(proc_text_word(&line), 10, UINT64_MAX, &map->ino);

	if (!ok)
		return -EINVAL;
	while (proc_text_skip(&line, " "))
		;
	map->path = line;
	return 0;
}

int proc_maps_each(int dir, proc_map_fn *fn, void *data)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_text line;
	struct proc_map map;
	int ret = lines ? proc_lines_open(lines, dir, "maps") : -ENOMEM;

	if (!ret) {
		while ((ret = proc_lines_next(lines, &line)) > 0) {
			ret = proc_map_parse(line, &map) ?: fn(&map, data);
			if (ret)
				break;
		}
		proc_lines_close(lines);
	}
	free(lines);
	return ret;
}

static int find(uint64_t start, struct proc_lines *lines, struct proc_map *map)
{
	struct proc_text line;
	int ret;

	while ((ret = proc_lines_next(lines, &line)) > 0) {
		if (!proc_map_parse(line, map) && map->start == start)
			return map->ino ? 0 : -ENOENT;
	}
	return ret ?: -ENOENT;
}

int proc_map_find(int dir, uint64_t start, struct proc_lines *lines, struct proc_map *map)
{
	int err = proc_lines_open(lines, dir, "maps");

	if (err)
		return err;
	err = find(start, lines, map);
	proc_lines_close(lines);
	return err;
}

int proc_map_path(int dir, uint64_t start, struct proc_lines *lines, char *path, size_t size)
{
	struct proc_map map;
	char name[64];
	int err = proc_map_find(dir, start, lines, &map);

	if (err)
		return err;
	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map.start, map.end);
	if (proc_link(dir, name, path, size) >= 0)
		return 0;
	if (proc_text_len(map.path) >= size)
		return -ENAMETOOLONG;
	memcpy(path, map.path.at, proc_text_len(map.path));
	path[proc_text_len(map.path)] = '\0';
	return 0;
}
