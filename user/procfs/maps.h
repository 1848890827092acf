/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/maps and map_files; see proc_pid_maps(5).
 */
#ifndef PROCFS_MAPS_H
#define PROCFS_MAPS_H

#include "procfs/file.h"

struct proc_map {
	uint64_t start, end; /* addresses, the end exclusive */
	char perms[5]; /* as in "rw-p" */
	uint64_t offset;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	struct proc_text path; /* borrowed from the line; a newline in it is \012; may be empty */
};

/** proc_map_parse - Reads one line. Returns: 0 or -EINVAL. */
int proc_map_parse(struct proc_text line, struct proc_map *map);

/** proc_map_fn - Is called for each mapping, whose path is borrowed. Returns: 0, or what ends the reading. */
typedef int proc_map_fn(const struct proc_map *map, void *data);

/**
 * proc_maps_each - Calls a function for each mapping of a process, in the order of addresses.
 * @dir: directory of the process
 *
 * Returns: 0, what the function returned, or a negative errno value.
 */
int proc_maps_each(int dir, proc_map_fn *fn, void *data);

/**
 * proc_map_find - Finds what is mapped from an address on.
 * @dir: directory of the process
 * @start: first byte of the mapping
 * @lines: for use meanwhile; the mapping's path is borrowed from it
 *
 * Returns: 0, -ENOENT if nothing, or no file, is mapped there, or another negative errno value.
 */
int proc_map_find(int dir, uint64_t start, struct proc_lines *lines, struct proc_map *map);

/**
 * proc_map_path - Reads the path of the file that is mapped at an address.
 * @dir: directory of the process
 * @start: first byte of the mapping
 * @lines: for use meanwhile
 * @path: gets the path and a NUL
 *
 * The path is that of the link in map_files where that may be read (CAP_CHECKPOINT_RESTORE),
 * else that of maps, in which a newline and a backslash followed by 012 look the same.
 *
 * Returns: 0, -ENOENT if nothing, or no file, is mapped there, or another negative errno value.
 */
int proc_map_path(int dir, uint64_t start, struct proc_lines *lines, char *path, size_t size);

#endif
