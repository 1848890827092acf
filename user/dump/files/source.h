/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at files where they are. No file is opened anew, but for content that nothing else gives, and then
 * only if nobody has a lease on it.
 */
#ifndef DUMP_FILES_SOURCE_H
#define DUMP_FILES_SOURCE_H

#include <limits.h>
#include <sys/stat.h>

#include "dump/files/state.h"

/* A path as /proc gives it: it may have a mark behind it. */
#define FILE_PATH_MAX (PATH_MAX + 16)

/** source_statx - statx(2) of a file. Returns: 0 or a negative errno value. */
int source_statx(struct dump_files *files, const struct file_source *source, struct statx *stat);

/** source_stat - The part of it that is kept. Returns: 0 or a negative errno value. */
int source_stat(struct dump_files *files, const struct file_source *source, struct file_stat *stat);

/** source_path - What the link in /proc says; the caller frees it. Returns: 0 or a negative errno value. */
int source_path(struct dump_files *files, const struct file_source *source, char **path);

/**
 * source_duplicate - A descriptor of the same description.
 *
 * Returns: it, which the caller closes; -EBADF if the source is no descriptor; or another negative errno value.
 */
int source_duplicate(struct dump_files *files, const struct file_source *source);

/**
 * source_readable - A descriptor that a regular file's content can be read from, with pread(2) only: it may be
 * the target's own description.
 *
 * Returns: it, which the caller closes; -EAGAIN if the file would have to be opened and has a lease; or another
 * negative errno value.
 */
int source_readable(struct dump_files *files, const struct dump_file *file);

/**
 * source_open - Opens a regular file for reading, if there is no lease on it.
 *
 * Returns: a descriptor, -EAGAIN, or another negative errno value.
 */
int source_open(struct dump_files *files, const struct dump_file *file);

/** source_link - Makes another name for a file. Returns: 0 or a negative errno value. */
int source_link(struct dump_files *files, const struct file_source *source, const char *path);

#endif
