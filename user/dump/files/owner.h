/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets signals of a file (F_SETOWN), which one (F_SETSIG), and with whose credentials.
 */
#ifndef DUMP_FILES_OWNER_H
#define DUMP_FILES_OWNER_H

#include "dump/files/state.h"

/**
 * owner_read - Reads it.
 * @fd: a duplicate
 *
 * Returns: 0 or a negative errno value.
 */
int owner_read(struct dump_files *files, struct dump_file *file, int fd);

#endif
