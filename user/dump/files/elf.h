/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build ids of programs and libraries. What is read is not trusted.
 */
#ifndef DUMP_FILES_ELF_H
#define DUMP_FILES_ELF_H

#include "dump/files/place.h"

/** elf_read_file - Reads the build id of a file that is open for reading. Returns: 0 or -ENOMEM. */
int elf_read_file(struct place *place, int fd);

/**
 * elf_read_memory - Reads the build id of a file from where it is mapped.
 * @start, @end: of a mapping; it tells nothing unless it is of the file's beginning
 *
 * Returns: 0 or -ENOMEM.
 */
int elf_read_memory(struct place *place, pid_t pid, uint64_t start, uint64_t end);

#endif
