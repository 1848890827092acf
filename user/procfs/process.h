/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc/PID/stat, status and comm say of a process or, below /proc/PID/task, of a thread; see
 * proc_pid_stat(5) and proc_pid_status(5). A name may have any byte in it but NUL.
 */
#ifndef PROCFS_PROCESS_H
#define PROCFS_PROCESS_H

#include "procfs/file.h"

/* Names of kernel threads can be longer than the 15 bytes of other tasks. */
#define PROC_COMM_MAX 64

struct proc_stat {
	pid_t pid;
	char comm[PROC_COMM_MAX]; /* cut if it is longer */
	char state; /* R, S, D, T, t, Z, X, ... */
	pid_t ppid;
	pid_t pgrp;
	pid_t session;
	int tty_nr;
	uint64_t num_threads;
	uint64_t start_time; /* clock ticks after boot, at which no two processes have the same pid */
};

/** proc_stat_parse - Reads the text of a stat file. Returns: 0 or -EINVAL. */
int proc_stat_parse(struct proc_text text, struct proc_stat *stat);

/** proc_stat_read - Reads the stat file of a process. */
int proc_stat_read(int dir, struct proc_stat *stat);

/** proc_comm_read - Reads the name of a process. */
int proc_comm_read(int dir, char comm[PROC_COMM_MAX]);

/* Pid namespaces can be nested 32 deep. */
#define PROC_NSPID_MAX 33

struct proc_status {
	pid_t tgid;
	pid_t pid;
	pid_t ppid;
	pid_t tracer; /* 0 if there is none */
	uint32_t uid[4], gid[4]; /* real, effective, saved, of the filesystem */
	uint64_t threads;
	pid_t nspid[PROC_NSPID_MAX]; /* its id in each namespace, from that of /proc to its own */
	size_t nr_nspid;
};

/** proc_status_line - Takes in one line. Returns: 0 or -EINVAL. */
int proc_status_line(struct proc_text line, struct proc_status *status);

/** proc_status_read - Reads the status file of a process. Lines that are missing leave zeros. */
int proc_status_read(int dir, struct proc_status *status);

#endif
