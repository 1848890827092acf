/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that processes share by a file without a name: pagemap-shmem-ID.img, with its pages.
 */
#ifndef DUMP_SHMEM_H
#define DUMP_SHMEM_H

#include "dump/process.h"
#include "image/directory.h"
#include "procfs/maps.h"

/**
 * shmem_add - Takes in shared memory that is mapped.
 * @shmid: gets its number: that of its inode, which no two have, memfds among them
 *
 * Returns: 0 or -ENOMEM.
 */
int shmem_add(struct dump *dump, pid_t pid, const struct proc_map *map, uint64_t *shmid);

/** shmem_write - Writes what all shared memory holds, memfds too. Returns: 0 or a negative errno value. */
int shmem_write(const struct dump *dump, struct image_directory *directory, const struct image_error *error);

#endif
