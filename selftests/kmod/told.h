/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module tells, kept to be looked at.
 */
#ifndef KMOD_TOLD_H
#define KMOD_TOLD_H

#include <crlock.h>

#define TOLD_LOCKS_MAX	 64
#define TOLD_HOLDERS_MAX 32
#define TOLD_FILES_MAX	 4096

struct told_lock {
	struct crlock_lock row;
	struct crlock_holder holders[TOLD_HOLDERS_MAX];
	size_t nr_holders;
};

/* An answer to CRLOCK_CMD_LOCK_GET. */
struct told {
	struct told_lock locks[TOLD_LOCKS_MAX];
	size_t nr;
	char text[256]; /* of an error */
};

/* An answer to CRLOCK_CMD_FILE_GET. */
struct told_files {
	struct crlock_file files[TOLD_FILES_MAX];
	size_t nr;
	char text[256];
};

/**
 * told_locks - Asks for locks.
 * @filter: NULL for all
 *
 * Returns: 0 or the error, -E2BIG if there are more than fit.
 */
int told_locks(struct told *told, const struct crlock_filter *filter);

/** told_locks_of - Asks for the locks of the file that a descriptor of the caller's is open on. */
int told_locks_of(struct told *told, int fd);

/** told_lock_of - The same, of which there must be one. Returns: 0, -ENOENT, -E2BIG or the error. */
int told_lock_of(struct told_lock *lock, int fd);

/** told_files_of - Asks for the descriptors of processes. Returns: as told_locks(). */
int told_files_of(struct told_files *told, const pid_t *tgids, size_t nr_tgids);

/** told_file - Asks for one descriptor of a process. Returns: 0, -ENOENT or the error. */
int told_file(struct crlock_file *file, pid_t tgid, int fd);

/** told_kind - The first lock of a kind. Returns: NULL if there is none. */
const struct told_lock *told_kind(const struct told *told, enum crlock_kind kind);

/** told_descriptor - The holder that is a descriptor of a process. Returns: NULL if there is none. */
const struct crlock_holder *told_descriptor(const struct told_lock *lock, pid_t tgid, int fd);

/** told_holder - The first holder of a kind. Returns: NULL if there is none. */
const struct crlock_holder *told_holder(const struct told_lock *lock, enum crlock_holder_kind kind);

#endif
