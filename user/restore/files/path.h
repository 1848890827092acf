/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that have a path.
 */
#ifndef RESTORE_FILES_PATH_H
#define RESTORE_FILES_PATH_H

#include "restore/files/room.h"

/** path_is_sound - Whether a path is as dumpers write it: absolute, no "." or "..", not too long. */
bool path_is_sound(const char *path);

/** path_lookup - Opens with O_PATH below --root, and disturbs nobody. Returns: a descriptor or -errno. */
int path_lookup(const struct restore_files *files, const char *path, int flags);

/**
 * path_parent - Opens the directory that a path is in with O_PATH.
 * @base: gets the last component, a part of @path
 *
 * Returns: a descriptor or -errno.
 */
int path_parent(const struct restore_files *files, const char *path, const char **base);

/**
 * path_reopen - Opens what a descriptor is of anew. Never waits, creates or truncates.
 * @fd: O_PATH will do
 * @flags: O_*, as F_GETFL told them
 *
 * Returns: a descriptor or -errno; -EAGAIN: a lease is in the way.
 */
int path_reopen(int fd, uint32_t flags);

/** path_open_no_follow - Opens a path in the same way, with O_NOFOLLOW. Returns: as path_reopen(). */
int path_open_no_follow(const struct restore_files *files, const char *path, uint32_t flags);

/**
 * IS_ANOTHERS - Whether a file has another owner or group than was recorded, if that was.
 * @entry: a message with uid and gid
 * @stat: of the file
 *
 * A user may have made the path lead to a file that only root can open; then this program must not open it for them.
 */
#define IS_ANOTHERS(entry, stat) \
	(((entry)->has_uid && (stat)->st_uid != (entry)->uid) || \
	 ((entry)->has_gid && (stat)->st_gid != (entry)->gid))

/** leases_read - Notes what files are under leases. Returns: 0 or a negative errno value. */
int leases_read(struct restore_files *files);

/** leases_free - Forgets it. */
void leases_free(struct restore_files *files);

/**
 * leases_find - Looks for a lease that would be broken.
 * @fd: of the file, O_PATH will do
 * @flags: that it is to be opened with
 * @name: gets the name of what was found
 *
 * Returns: whether one was found.
 */
bool leases_find(const struct restore_files *files, int fd, uint32_t flags, char *name, size_t size);

#endif
