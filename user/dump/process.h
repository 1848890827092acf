/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump in memory: what was collected of a stopped tree, before any of it is written.
 *
 * Facts of tasks are in the form in which the module tells them; without it they are made from /proc and
 * from system calls in the target, see facts.h.
 */
#ifndef DUMP_PROCESS_H
#define DUMP_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crlock.h"
#include "dump/blockers.h"
#include "dump/files/files.h"
#include "dump/options.h"
#include "image/arch/x86_64/regs.h"
#include "image/file.h"
#include "procfs/process.h"
#include "trace/tree.h"

/* siginfo_t of the kernel. */
#define DUMP_SIGINFO_SIZE 128

/* Pending signals, in order. */
struct dump_signals {
	uint8_t (*infos)[DUMP_SIGINFO_SIZE]; /* owned */
	size_t nr;
};

/* How a system call is to go on that measures time from its start. */
struct dump_restart {
	bool again; /* false: registers tell all */
	uint64_t call; /* its number */
	bool timed;
	uint64_t left; /* nanoseconds, if @timed */
};

struct dump_schedule {
	uint32_t policy, priority; /* SCHED_*; of real time */
	int32_t nice;
	uint64_t flags; /* SCHED_FLAG_* */
	uint32_t ioprio;
	uint8_t *affinity; /* owned */
	size_t affinity_size;
};

struct dump_rseq {
	uint64_t address; /* 0: none is registered */
	uint32_t size, signature;
};

struct dump_thread {
	pid_t tid;
	bool was_stopped; /* in a job control stop */
	int stop_signal; /* that began it */
	char comm[PROC_COMM_MAX];
	struct proc_status status;
	uint32_t *groups; /* owned */
	size_t nr_groups;
	struct crlock_task task;
	struct image_regs regs; /* made such that the thread can go on with them */
	struct dump_restart restart;
	uint64_t blocked; /* signals */
	struct dump_signals signals;
	struct dump_schedule schedule;
	struct dump_rseq rseq;
	uint64_t robust_list;
	uint32_t robust_list_size;
	uint64_t timerslack;
};

/* Memory that is mapped. Fields as in mm.proto. */
struct dump_mapping {
	uint64_t start, end, pgoff, shmid, madv;
	uint32_t prot, flags, status, fdflags;
	bool has_fdflags;
	bool locks_on_fault; /* MLOCK_ONFAULT of mlock2(2) */
};

/* Pages of memory that are in a file. */
struct dump_run {
	uint64_t start; /* address */
	uint64_t nr;
	uint64_t at; /* page of the file */
};

struct dump_runs {
	struct dump_run *runs; /* owned, by address */
	size_t nr;
};

/* pages-ID.img with what is known of it. */
struct dump_pages {
	uint32_t id;
	struct image_file *file; /* owned; NULL: there is none yet */
	uint64_t end; /* pages that it has */
	struct dump_runs runs; /* what is in it and wanted */
};

/* Numbers of what processes may share: equal ones do. */
struct dump_ids {
	uint32_t vm, files, fs, sighand;
};

struct dump_process {
	pid_t pid, ppid;
	bool zombie;
	bool foreign; /* runs 32-bit code: that is told, and no more of it is looked at */
	struct proc_stat stat;
	struct dump_thread *threads; /* owned, the leader first */
	size_t nr_threads;
	struct crlock_process_state state; /* its timers are @timers */
	struct crlock_timer *timers; /* owned */
	struct dump_signals signals; /* for the process as a whole */
	struct dump_ids ids;
	uint64_t *auxv; /* owned */
	size_t nr_auxv;
	uint64_t limits[16][2]; /* of now and at most, by RLIMIT_* */
	uint32_t personality, loginuid;
	bool has_loginuid;
	int32_t oom_score_adj;
	struct dump_mapping *mappings; /* owned, by address */
	size_t nr_mappings;
	uint32_t exe_id, cwd_id, root_id; /* in files.img */
	struct dump_pages pages;
};

/* Shared memory without a name, wherever it is mapped. */
struct dump_shmem {
	uint64_t shmid;
	pid_t pid; /* a process and a mapping in it through which it can be opened */
	uint64_t start, end;
};

struct dump {
	const struct options *options;
	const struct trace_tree *tree; /* borrowed */
	struct crlock *module; /* owned, NULL: not used */
	struct blockers blockers;
	struct dump_process *processes; /* owned, as in the tree */
	size_t nr;
	struct dump_shmem *shmems; /* owned */
	size_t nr_shmems;
	struct dump_files *files; /* owned */
};

/** dump_process_of - Finds a process; NULL: there is none. */
struct dump_process *dump_process_of(struct dump *dump, pid_t pid);

/** dump_thread_of - Finds a thread of a process; NULL: there is none. */
struct dump_thread *dump_thread_of(struct dump_process *process, pid_t tid);

/** dump_fail - Says why the dump fails: "WHOSE: WHAT: ERROR". Returns: @err. */
int dump_fail(int err, pid_t whose, const char *what);

/**
 * dump_init - Makes places for the processes and threads of a stopped tree.
 * @dump: empty, but for what facts_open() does
 *
 * Returns: 0 or -ENOMEM.
 */
int dump_init(struct dump *dump, const struct trace_tree *tree, const struct options *options);

/** dump_free - Frees what a dump owns. */
void dump_free(struct dump *dump);

#endif
