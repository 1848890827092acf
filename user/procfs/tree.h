/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of processes.
 */
#ifndef PROCFS_TREE_H
#define PROCFS_TREE_H

#include <stddef.h>
#include <sys/types.h>

/* Ids, owned by the struct; all zero: empty. */
struct proc_pids {
	pid_t *pids;
	size_t nr;
};

/** proc_pids_free - Frees and empties a list. */
void proc_pids_free(struct proc_pids *pids);

/** proc_pids_all - Appends all processes. Returns: 0 or a negative errno value. */
int proc_pids_all(struct proc_pids *pids);

/** proc_pids_threads - Appends the threads of a process, by its directory. */
int proc_pids_threads(struct proc_pids *pids, int dir);

/**
 * proc_pids_tree - Appends a process and all that descend from it, parents first.
 *
 * Only as good as the moment unless they are stopped: who forks meanwhile can be missed.
 *
 * Returns: 0, -ESRCH if there is no such process, or another negative errno value.
 */
int proc_pids_tree(struct proc_pids *pids, pid_t root);

#endif
