/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_FILES_REGULAR_H
#define DUMP_FILES_REGULAR_H

#include "dump/files/file.h"

/** regular_mapped - Looks for a build id in a file's mapping. Returns: 0 or -ENOMEM. */
int regular_mapped(struct dump_file *file, pid_t pid, uint64_t start, uint64_t end);

#endif
