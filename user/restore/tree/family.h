/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the processes of a saved tree: with their ids, parents, sessions, groups, descriptors and directories.
 *
 * Each is a copy of this program that makes its own children and then waits to be driven (puppet.h). They keep
 * step through shared memory: what needs all of them (joining a group whose leader must be there) waits until
 * the others have come as far.
 */
#ifndef RESTORE_FAMILY_H
#define RESTORE_FAMILY_H

#include "image/saved.h"
#include "restore/files/files.h"

struct family;

struct family_options {
	bool sibling; /* the root becomes a child of crrestore's parent */
	bool shell_job; /* the root stays in crrestore's session */
};

/**
 * family_check_sessions - Whether all sessions come about where parents make their children, before or after they begin
 * a session of their own. One that another process than an ancestor began is not had again.
 *
 * Returns: 0, -EINVAL with @error told, or -ENOMEM.
 */
int family_check_sessions(const struct saved_tree *tree, bool shell_job, const char *path,
			  const struct image_error *error);

/**
 * family_make - Makes the processes.
 * @out: the caller frees it with family_free()
 * @error: after an error gets one line that names the process
 *
 * Returns: 0 when all wait, or a negative errno value; then none is left.
 */
int family_make(struct family **out, const struct saved_tree *tree, const struct restore_files *files,
		const struct family_options *options, const struct image_error *error);

/** family_kill - Kills all of them and waits for their end. */
void family_kill(struct family *family);

/** family_give_up - Has none of them left soon, without waiting for it: for who is not their parent. */
void family_give_up(struct family *family);

/** family_free - Frees what this process knows of them; NULL is allowed. */
void family_free(struct family *family);

#endif
