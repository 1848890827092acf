/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stops a process and all of its descendants with ptrace, and lets them go on as if nothing had been.
 */
#ifndef TRACE_TREE_H
#define TRACE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct trace_thread {
	pid_t tid;
	bool was_stopped; /* in a job control stop before */
	int stop_signal; /* that began it */
	bool seen; /* it has stopped, and that was waited for */
	int signum; /* that it has stopped for, and has not got yet; 0: none */
	bool mended; /* its call is made again if the stop has ended that */
};

struct trace_process {
	pid_t pid;
	pid_t ppid;
	bool zombie; /* has no threads that could be stopped */
	struct trace_thread *threads;
	size_t nr_threads;
};

struct trace_tree {
	struct trace_process *processes; /* parents before their children; the root first */
	size_t nr;
};

/**
 * trace_tree_stop - Stops a process and its descendants: every thread, until none is new.
 * @tree: gets what was stopped; the caller ends with trace_tree_release(), also after an error
 * @root: the process
 * @descendants: false: the process alone
 * @why: after an error gets one line, without a newline, that names the process or thread
 * @size: of @why
 *
 * The tracer's death lets all go (PTRACE_O_EXITKILL is not set).
 *
 * Returns: 0, -ESRCH, -EPERM, or another negative errno value; then nothing is stopped any more.
 */
int trace_tree_stop(struct trace_tree *tree, pid_t root, bool descendants, char *why, size_t size);

/** trace_tree_release - Lets all go on and frees what the tree owns. */
void trace_tree_release(struct trace_tree *tree);

/**
 * trace_tree_release_thread - Lets one thread go on before the others.
 *
 * Returns: whether it does; else it is none of the tree, or was killed meanwhile.
 */
bool trace_tree_release_thread(struct trace_tree *tree, pid_t tid);

/** trace_repeated_call - The system call that a stopped thread is to make again, negative: none. */
long trace_repeated_call(pid_t tid);

/**
 * trace_tree_check - Looks whether all threads are still stopped: SIGKILL ends also those that are, and what is read
 * of them from then on can look as if there were nothing.
 * @why: gets one line if not
 *
 * Returns: 0, -ESRCH if one was killed, or another negative errno value.
 */
int trace_tree_check(const struct trace_tree *tree, char *why, size_t size);

/** trace_tree_has - Whether a process is in the tree. */
bool trace_tree_has(const struct trace_tree *tree, pid_t pid);

#endif
