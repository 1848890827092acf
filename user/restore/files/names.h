/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that are made in directories for a while, so that what had none can be opened.
 */
#ifndef RESTORE_FILES_NAMES_H
#define RESTORE_FILES_NAMES_H

#include <sys/types.h>

#include "restore/files/room.h"

struct made_name {
	int parent;
	char *base;
	const char *next; /* what it is about to be renamed to */
	bool directory;
	ino_t inode; /* that the name is for; 0: it is nobody else's */
};

/**
 * names_note - Notes a name that is about to be made. Names are taken away in reverse order.
 * @parent: a descriptor of the directory; is duplicated
 * @inode: what is to have the name, if others could give it to something else; 0: it is unique, or a directory's that
 *         was not there, and is taken away only if nothing is in it
 *
 * Returns: its number, or -errno; then it is not noted.
 */
ssize_t names_note(struct restore_files *files, int parent, const char *base, bool directory, ino_t inode);

/**
 * names_parent - Opens the directory that a path is in; what is missing of it is made, and noted.
 * @base: as of path_parent()
 *
 * Returns: a descriptor or -errno.
 */
int names_parent(struct restore_files *files, const char *path, const char **base);

/** names_unique - A name that nobody else uses; good until the next call. */
const char *names_unique(void);

/**
 * names_open - Opens with O_PATH what was just made with a name. Whoever may write to the directory can have put
 * something else there meanwhile: that is refused.
 * @mode: what was made, S_IF*
 *
 * Returns: a descriptor or -errno; -ESTALE: it is not what was made.
 */
int names_open(int parent, const char *base, mode_t mode);

/** names_give - Sets owner, group and mode of what a descriptor is of; O_PATH will do. Returns: 0 or -errno. */
int names_give(int fd, uid_t uid, gid_t gid, mode_t mode);

/** names_drop - Forgets the last name that was noted: it was not made. */
void names_drop(struct restore_files *files);

/** names_rename - Renames a name that was noted, unless the new one is taken; that is no error. */
void names_rename(struct restore_files *files, ssize_t number, const char *base);

/** names_remove - Takes away all names that were noted. */
void names_remove(struct restore_files *files);

#endif
