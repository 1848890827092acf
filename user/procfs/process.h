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
	pid_t foreground; /* process group of that terminal, 0: there is none */
	uint64_t flags; /* PF_* of the kernel */
	int64_t nice;
	uint64_t num_threads;
	uint64_t start_time; /* clock ticks after boot, at which no two processes have the same pid */
	/* As in struct prctl_mm_map; 0 or 1 to those who may not trace the process. */
	uint64_t start_code, end_code, start_stack;
	int64_t exit_signal; /* that the parent gets */
	uint64_t start_data, end_data, start_brk;
	uint64_t arg_start, arg_end, env_start, env_end;
	int64_t exit_code; /* as wait(2) tells it */
};

/** proc_stat_parse - Reads the text of a stat file. Returns: 0 or -EINVAL. */
int proc_stat_parse(struct proc_text text, struct proc_stat *stat);

/** proc_stat_read - Reads the stat file of a process. */
int proc_stat_read(int dir, struct proc_stat *stat);

/** proc_stat_of - The same of a process or a thread by its number. Returns: 0 or a negative errno value. */
int proc_stat_of(pid_t pid, struct proc_stat *stat);

/**
 * proc_groups_read - Reads the supplementary groups of a process or thread.
 * @groups: the caller frees them
 *
 * Returns: how many, or a negative errno value.
 */
int proc_groups_read(int dir, uint32_t **groups);

/** proc_comm_read - Reads the name of a process. */
int proc_comm_read(int dir, char comm[PROC_COMM_MAX]);

/** proc_comm_of - The same of a process by its number; with an error the name is empty. */
int proc_comm_of(pid_t pid, char comm[PROC_COMM_MAX]);

/* Pid namespaces can be nested 32 deep. */
#define PROC_NSPID_MAX 33

struct proc_status {
	pid_t tgid;
	pid_t pid;
	pid_t ppid;
	pid_t tracer; /* 0 if there is none */
	uint32_t uid[4], gid[4]; /* real, effective, saved, of the filesystem */
	uint64_t threads;
	uint64_t umask;
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	uint64_t sig_pending, process_pending, sig_blocked; /* signals, bits 1 << (signal - 1) */
	uint64_t no_new_privs;
	uint64_t seccomp; /* SECCOMP_MODE_* */
	pid_t nspid[PROC_NSPID_MAX]; /* its id in each namespace, from that of /proc to its own */
	size_t nr_nspid;
};

/** proc_status_line - Takes in one line. Returns: 0 or -EINVAL. */
int proc_status_line(struct proc_text line, struct proc_status *status);

/** proc_status_read - Reads the status file of a process. Lines that are missing leave zeros. */
int proc_status_read(int dir, struct proc_status *status);

#endif
