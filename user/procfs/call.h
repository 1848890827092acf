/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/syscall: the system call in which a thread sleeps; see proc_pid_syscall(5).
 */
#ifndef PROCFS_CALL_H
#define PROCFS_CALL_H

#include <stdint.h>

struct proc_call {
	uint64_t nr; /* in the numbers of the thread's program */
	uint64_t args[6];
	uint64_t sp, pc; /* of the thread */
};

/**
 * proc_call_read - Reads it.
 * @dir: directory of the thread
 *
 * Returns: 0; -EAGAIN, it runs, or sleeps elsewhere; -EPERM or -EACCES, it may not be looked at; or another
 * negative errno value.
 */
int proc_call_read(int dir, struct proc_call *call);

#endif
