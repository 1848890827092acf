/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of files that events are about, as far as they can be found: the kernel names a file by its inode. The
 * process of an event mostly has it open then; later events of the file have the path that was found first.
 */
#ifndef CRLOCK_MONITOR_PATHS_H
#define CRLOCK_MONITOR_PATHS_H

#include <crlock.h>

struct paths;

/**
 * paths_open - Makes an empty store.
 * @out: the caller frees it with paths_close()
 *
 * Returns: 0 or an error of crlock_open().
 */
int paths_open(struct paths **out);

/** paths_close - Frees a store; NULL is allowed. */
void paths_close(struct paths *paths);

/**
 * paths_find_file - Chooses events of the file at a path, which is not opened in the sense of open(2).
 * @filter: gets the kernel's name of it
 *
 * Returns: 0, or an error of open(2) or of the module.
 */
int paths_find_file(struct paths *paths, const char *path, struct crlock_filter *filter);

/** paths_get - The path of an event's file, good until the next call; NULL: unknown. */
const char *paths_get(struct paths *paths, const struct crlock_event *event);

#endif
