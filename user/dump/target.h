/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a target this program can get at from outside: memory and descriptors.
 */
#ifndef DUMP_TARGET_H
#define DUMP_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** target_read - Reads bytes at an address of a process. Returns: 0 or a negative errno value. */
int target_read(pid_t pid, uint64_t address, void *data, size_t size);

/** target_descriptor - A duplicate of a descriptor of a process. Returns: the caller's, or a negative errno value. */
int target_descriptor(pid_t pid, int fd);

#endif
