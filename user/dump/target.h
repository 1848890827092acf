/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads memory of the target.
 */
#ifndef DUMP_TARGET_H
#define DUMP_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** target_read - Reads bytes at an address of a process. Returns: 0 or a negative errno value. */
int target_read(pid_t pid, uint64_t address, void *data, size_t size);

#endif
