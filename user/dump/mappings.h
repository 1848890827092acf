/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address space of a process: mm-PID.img.
 */
#ifndef DUMP_MAPPINGS_H
#define DUMP_MAPPINGS_H

#include "dump/process.h"
#include "image/directory.h"

/* Bits of a mapping's status, see mm.proto. */
enum {
	MAPPING_REGULAR = 1 << 0,
	MAPPING_VDSO = 1 << 3,
	MAPPING_HEAP = 1 << 5,
	MAPPING_FILE_PRIVATE = 1 << 6,
	MAPPING_FILE_SHARED = 1 << 7,
	MAPPING_ANON_SHARED = 1 << 8,
	MAPPING_ANON_PRIVATE = 1 << 9,
	MAPPING_VVAR = 1 << 12,
	MAPPING_MEMFD = 1 << 14,
};

/**
 * mappings_read - Reads the mappings of a stopped process; tells those that cannot be had again.
 *
 * Returns: 0 or a negative errno value.
 */
int mappings_read(struct dump *dump, struct dump_process *process);

/** mappings_write - Writes mm-PID.img. Returns: 0 or a negative errno value. */
int mappings_write(const struct dump_process *process, struct image_directory *directory,
		   const struct image_error *error);

#endif
