/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_OWNER_H
#define CRLOCK_OWNER_H

#include <linux/types.h>

struct file;
struct pid_namespace;

/**
 * struct crlock_owner - Who hears of what happens to a file.
 * @pid: process, thread or group, 0 for none or if it is gone or not visible
 * @type: F_OWNER_*
 * @signum: signal, 0 for SIGIO
 * @uid: real user that set it, in the initial user namespace
 * @euid: effective user, the same
 * @is_set: there is one, visible or not
 */
struct crlock_owner {
	pid_t pid;
	u32 type;
	int signum;
	u32 uid;
	u32 euid;
	bool is_set;
};

void crlock_owner_copy(struct crlock_owner *copy, struct file *file, struct pid_namespace *ns);

#endif
