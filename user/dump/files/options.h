/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of sockets that are common to all families.
 */
#ifndef DUMP_FILES_OPTIONS_H
#define DUMP_FILES_OPTIONS_H

#include "dump/files/state.h"

/**
 * options_read - Reads them.
 * @fd: a duplicate
 * @out: the caller frees it with options_free()
 *
 * Returns: 0 or a negative errno value.
 */
int options_read(struct dump_files *files, const struct dump_file *file, int fd, Image__SkOptsEntry **out);

/** options_number - Reads one that is a number. Returns: 0 or a negative errno value. */
int options_number(int fd, int level, int name, int *value);

/** options_free - Frees it; NULL is allowed. */
void options_free(Image__SkOptsEntry *options);

#endif
