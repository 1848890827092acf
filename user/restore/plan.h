/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a checkpoint is to be restored, and in which process.
 */
#ifndef RESTORE_PLAN_H
#define RESTORE_PLAN_H

#include "image/checkpoint.h"
#include "locks/apply.h"
#include "locks/buffer.h"
#include "restore/options.h"
#include "trace/remote.h"
#include "trace/tree.h"

#define WHY_MAX 4096

/* A process that gets locks. */
struct target {
	pid_t pid;
	int pidfd; /* -1: it is not open */
	struct trace_tree stopped;
	struct trace_remote *remote; /* NULL: no system call was needed yet */
	struct trace_fall *fall; /* of the remote, even when it is closed; one of the plan's */
	struct lock_actor actor;
};

struct planned_file;

struct planned_descriptor {
	struct target *target;
	struct planned_file *file;
	pid_t old; /* process that was dumped */
	int fd;
};

/* An open file description. */
struct planned_file {
	const struct checkpoint_file *file;
	struct planned_descriptor *descriptors; /* at least one; a part of the plan's */
	size_t nr_descriptors;
	struct image_lookup by_pid,
		by_table; /* holders that become descriptors; empty until one is to be found */
	int fd; /* of this process, -1: it is not open */
	bool skipped; /* cannot be opened, so its locks are not restored */
};

enum lock_progress {
	LOCK_TO_DO,
	LOCK_BEING_TAKEN, /* there or not: to release it does no harm */
	LOCK_TAKEN,
	LOCK_WAS_THERE, /* the target had it, in exactly this state, or it was kept and is breaking */
	LOCK_SKIPPED,
};

struct planned_lock {
	const struct lock *lock;
	struct planned_file *file;
	const struct planned_descriptor *by; /* who takes it, through which descriptor */
	struct lock_notice notice_before; /* leases: what the description had */
	enum lock_progress progress;
};

/* Who takes a lock in place of its target, for the kernel notes who does. */
struct plan_stand_in {
	const struct lock_actor *(*begin)(void *data, const struct planned_lock *lock); /* NULL: nobody */
	void (*end)(void *data);
	void *data;
};

struct plan {
	const struct checkpoint *checkpoint;
	const struct options *options;
	struct plan_stand_in stand_in; /* all NULL: targets take their locks */
	bool guarded; /* what cannot be released again, a guard will */
	bool kept; /* what targets have already was kept for them since the dump */
	struct target *targets;
	size_t nr_targets;
	struct image_lookup by_pid; /* of them */
	struct trace_fall *falls; /* of each target; shared with a guard */
	struct planned_descriptor *descriptors;
	size_t nr_descriptors;
	struct planned_descriptor **sorted; /* by target and number */
	struct planned_file *files;
	size_t nr_files;
	struct planned_lock *locks; /* in the order of taking; shared with a guard */
	size_t nr_locks;
};

/**
 * plan_make - Selects what is to be restored, and finds where it would clash.
 * @plan: the caller frees it with plan_free(), also after an error
 * @why: after an error gets one line, without a newline
 *
 * Returns: 0 or the exit status.
 */
int plan_make(struct plan *plan, const struct checkpoint *checkpoint, const struct options *options,
	      char why[WHY_MAX]);

/** plan_free - Frees what a plan owns. */
void plan_free(struct plan *plan);

/** plan_new_pid - The process that gets what a dumped one had; 0: none does. */
pid_t plan_new_pid(const struct plan *plan, pid_t old);

/** planned_lock_name - Adds what a lock is, for messages: "/srv/db: POSIX WRITE 0-99". */
void planned_lock_name(struct lock_buffer *name, const struct planned_lock *lock);

/** planned_lock_is_taken - Whether it is, or may be: it was being taken. */
bool planned_lock_is_taken(const struct planned_lock *lock);

/** plan_has_taken - Whether anything is, for a target, or NULL: for any. */
bool plan_has_taken(const struct plan *plan, const struct target *target);

/** plan_is_ours - Whether a lock that was read is held by descriptors of the plan. */
bool plan_is_ours(const struct plan *plan, const struct lock *lock);

#endif
