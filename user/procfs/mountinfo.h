/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/mountinfo, read by libmount; see proc_pid_mountinfo(5).
 */
#ifndef PROCFS_MOUNTINFO_H
#define PROCFS_MOUNTINFO_H

#include <stdint.h>
#include <sys/types.h>

struct proc_mount {
	int id;
	uint32_t dev_major, dev_minor; /* of the superblock: as in /proc/locks, stat(2) may differ */
	const char *target; /* where it is mounted, as the process sees it; borrowed */
	const char *type; /* of filesystem; borrowed */
};

struct proc_mounts;

/**
 * proc_mounts_read - Reads the mounts that a process sees.
 * @out: the caller frees it with proc_mounts_free()
 *
 * Returns: 0 or a negative errno value.
 */
int proc_mounts_read(struct proc_mounts **out, pid_t pid);

/** proc_mounts_free - Frees it; NULL is allowed. */
void proc_mounts_free(struct proc_mounts *mounts);

/** proc_mounts_find - Finds a mount by its id. Returns: 0 or -ENOENT. */
int proc_mounts_find(struct proc_mounts *mounts, int id, struct proc_mount *mount);

/** proc_mounts_find_device - Finds the first mount of a superblock. Returns: 0 or -ENOENT. */
int proc_mounts_find_device(struct proc_mounts *mounts, uint32_t dev_major, uint32_t dev_minor,
			    struct proc_mount *mount);

/** proc_mount_fn - Is called for each mount. What it returns, if not 0, ends the iteration. */
typedef int proc_mount_fn(const struct proc_mount *mount, void *data);

/** proc_mounts_each - Calls a function for each mount. Returns: 0, what @fn returned, or -ENOMEM. */
int proc_mounts_each(struct proc_mounts *mounts, proc_mount_fn *fn, void *data);

#endif
