// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the images of the files of a process and its descendants, which go on then.
 *
 *   files_dump [-m] [-j] PID DIR
 *
 *   -m  asks the module which descriptors share a description
 *   -j  terminals of a session outside are allowed
 *
 * Exit status: 0; 1: something is in the way, and was told; 2: anything else. For each file of memory it prints
 * "memory SHMID SIZE", and its content goes to DIR/memory-SHMID.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dump/files/files.h"
#include "image/say.h"
#include "procfs/maps.h"

static void fail(const char *what, int error)
{
	fprintf(stderr, "files_dump: %s: %s\n", what, strerror(-error));
	exit(2);
}

static int add_mapping(struct dump_files *files, pid_t pid, const struct proc_map *map)
{
	uint32_t id;
	int ret;

	if (!map->ino)
		return 0;
	ret = dump_files_mapping(files, pid, map->start, map->end, &id);
	return ret == -EMEDIUMTYPE ? 0 : ret;
}

static int add_mappings(struct dump_files *files, pid_t pid)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	int dir = proc_open(pid), ret;
	struct proc_text line;
	struct proc_map map;

	if (!lines || dir < 0)
		return -ENOMEM;
	ret = proc_lines_open(lines, dir, "maps");
	while (!ret && proc_lines_next(lines, &line) > 0) {
		ret = proc_map_parse(line, &map);
		if (!ret)
			ret = add_mapping(files, pid, &map);
	}
	proc_lines_close(lines);
	close(dir);
	free(lines);
	return ret;
}

static int add_process(struct dump_files *files, pid_t pid, uint32_t table)
{
	uint32_t id;

	return dump_files_link(files, pid, "exe", &id) ?: add_mappings(files, pid) ?:
	       dump_files_table(files, pid, table) ?:
	       dump_files_link(files, pid, "cwd", &id) ?: dump_files_link(files, pid, "root", &id);
}

static int copy_memory(const struct dump_files_memory *memory, void *data)
{
	const struct image_directory *directory = data;
	char name[32], *content = malloc(memory->size + 1);
	ssize_t n = content ? pread(memory->fd, content, memory->size, 0) : -1;
	int fd;

	printf("memory %u %" PRIu64 "\n", memory->shmid, memory->size);
	snprintf(name, sizeof(name), "memory-%u", memory->shmid);
	fd = openat(directory->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (n != (ssize_t)memory->size || fd < 0 || write(fd, content, n) != n)
		fail(name, -EIO);
	close(fd);
	free(content);
	return 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	struct dump_files_options options = { .net_ns_id = 2 };
	struct image_directory directory;
	struct blockers blockers = { 0 };
	struct trace_tree tree;
	struct dump_files *files;
	char why[4096];
	const struct image_error error = { why, sizeof(why) };
	int ret, option;
	long start;

	say_as("crdump");
	while ((option = getopt(argc, argv, "mj")) != -1) {
		options.use_module |= option == 'm';
		options.shell_job |= option == 'j';
	}
	if (argc - optind != 2)
		return 2;
	if (trace_tree_stop(&tree, atoi(argv[optind]), true, why, sizeof(why)))
		fail(why, -ESRCH);
	start = now_ms();
	ret = dump_files_new(&files, &tree, &options, &blockers);
	if (ret)
		fail("dump_files_new", ret);
	for (size_t i = 0; i < tree.nr; i++) {
		ret = tree.processes[i].zombie ? 0 : add_process(files, tree.processes[i].pid, i + 1);
		if (ret)
			fail("a process", ret);
	}
	ret = dump_files_settle(files);
	if (ret)
		fail("dump_files_settle", ret);
	printf("looked %ld ms\n", now_ms() - start);
	if (!blockers.nr) {
		ret = image_directory_make(&directory, argv[optind + 1], &error);
		if (!ret)
			ret = dump_files_write(files, &directory, &error);
		if (ret)
			fail(why, ret);
		ret = dump_files_each_memory(files, copy_memory, &directory);
		if (ret)
			fail("dump_files_each_memory", ret);
		image_directory_close(&directory, true);
	}
	printf("written %ld ms\n", now_ms() - start);
	dump_files_free(files);
	trace_tree_release(&tree);
	return blockers.nr > 0;
}
