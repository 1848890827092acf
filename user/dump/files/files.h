/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The open file descriptions of a stopped tree, as files.img and what belongs to it tell them: fdinfo-*.img,
 * pipes-data.img, fifo-data.img, sk-queues.img, ghost-file-*.img, remap-fpath.img, tty-*.img, memfd.img.
 *
 * Everything is looked at through duplicates (pidfd_getfd) and O_PATH: no file is opened anew, for that would
 * break leases. Nothing is written before dump_files_write().
 */
#ifndef DUMP_FILES_H
#define DUMP_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dump/blockers.h"
#include "image/directory.h"
#include "image/external.h"
#include "trace/tree.h"

struct dump_files;

/* What of a dump is told to this room. */
struct dump_files_options {
	bool shell_job; /* terminals of a session outside are allowed */
	bool use_module; /* ask crlock.ko which descriptors share a description; else kcmp(2) */
	const struct external *external; /* what need not be in the tree; outlives all */
	size_t nr_external;
	uint32_t net_ns_id; /* of sockets: what ids-PID.img says of the network namespace */
};

/**
 * dump_files_new - Begins.
 * @out: the caller frees it with dump_files_free()
 * @tree: stopped, and outlives it
 * @blockers: gets what cannot be dumped, all of it, with process and descriptor
 *
 * Returns: 0 or a negative errno value.
 */
int dump_files_new(struct dump_files **out, const struct trace_tree *tree,
		   const struct dump_files_options *options, struct blockers *blockers);

/** dump_files_free - Frees it; NULL is allowed. */
void dump_files_free(struct dump_files *files);

/**
 * dump_files_table - Takes in the table of descriptors of a process.
 * @table: the number that its image is to have: fdinfo-TABLE.img
 *
 * What stands in the way goes to the blockers and is no error.
 *
 * Returns: 0 or a negative errno value.
 */
int dump_files_table(struct dump_files *files, pid_t pid, uint32_t table);

/**
 * dump_files_link - Takes in what a link in /proc/PID leads to: "exe", "cwd", "root".
 * @id: gets the number of the description that stands for it in files.img
 *
 * Returns: 0 or a negative errno value.
 */
int dump_files_link(struct dump_files *files, pid_t pid, const char *link, uint32_t *id);

/**
 * dump_files_mapping - Takes in the file that is mapped at an address.
 * @start, @end: of the mapping, as in /proc/PID/map_files
 * @id: gets the number of the description that stands for it in files.img
 *
 * How it must be opened for the mapping to be made again is the mapping's to say (vma_entry.fdflags).
 *
 * Returns: 0; -EMEDIUMTYPE if it is shared memory without a name (/dev/zero, SysV), which is no file; or
 * another negative errno value.
 */
int dump_files_mapping(struct dump_files *files, pid_t pid, uint64_t start, uint64_t end, uint32_t *id);

/**
 * dump_files_settle - Looks at what only all files together tell, once tables, links and mappings are taken in:
 * peers of sockets, targets of epoll sets, content of what is deleted.
 *
 * What stands in the way goes to the blockers. dump_files_write() does it if that was not done.
 *
 * Returns: 0 or a negative errno value.
 */
int dump_files_settle(struct dump_files *files);

/* A file of memory (memfd_create(2)): memfd.img tells all of it but its content. */
struct dump_files_memory {
	uint32_t shmid; /* pagemap-shmem-SHMID.img is to have the content; page 0 is at address 0 */
	uint64_t size; /* bytes */
	int fd; /* for pread(2), lseek(2) and mmap(2); closed when the function returns */
};

/** dump_files_memory_fn - Is called for each. What it returns, if not 0, ends the iteration. */
typedef int dump_files_memory_fn(const struct dump_files_memory *memory, void *data);

/**
 * dump_files_each_memory - Calls a function for each file of memory, once whoever has it.
 *
 * Returns: 0, what @fn returned, or a negative errno value.
 */
int dump_files_each_memory(struct dump_files *files, dump_files_memory_fn *fn, void *data);

/* A description that waits in messages to a socket. */
struct dump_files_flight {
	uint32_t id; /* in files.img */
	uint64_t socket; /* inode number */
	/* Where it can be looked at: in a process that has it too, else in this program, until dump_files_free(). */
	pid_t pid;
	int fd;
};

/** dump_files_flight_fn - Is called for each. What it returns, if not 0, ends the iteration. */
typedef int dump_files_flight_fn(const struct dump_files_flight *flight, void *data);

/**
 * dump_files_each_flight - Calls a function for each description in flight, once for each socket.
 * @files: settled
 *
 * Returns: 0 or what @fn returned.
 */
int dump_files_each_flight(const struct dump_files *files, dump_files_flight_fn *fn, void *data);

/**
 * dump_files_write - Writes the images.
 *
 * Files that have other names than the one that is gone get one more for the checkpoint, link_remap.N beside it.
 *
 * Returns: 0 or a negative errno value; then nothing is left but in the directory.
 */
int dump_files_write(struct dump_files *files, struct image_directory *directory,
		     const struct image_error *error);

/** dump_files_undo - Takes those names away again: for a dump that fails after dump_files_write(). */
void dump_files_undo(struct dump_files *files);

#endif
