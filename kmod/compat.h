/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that is known here of differences between kernels. It is included before every source, which is
 * written for the newest kernel; HAVE_ names are the answers of kmod/probe/.
 */
#ifndef CRLOCK_COMPAT_H
#define CRLOCK_COMPAT_H

#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/poison.h>
#include <linux/posix-timers.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>
#include <net/genetlink.h>

#ifdef HAVE_FILELOCK_HEADER
#include <linux/filelock.h>
#endif

#ifdef HAVE_FILE_LOCK_CORE
static inline struct file_lock *file_lock_of(struct file_lock_core *core)
{
	return container_of(core, struct file_lock, c);
}

static inline struct file_lease *file_lease_of(struct file_lock_core *core)
{
	return container_of(core, struct file_lease, c);
}

static inline struct file_lock_core *file_lock_core_of(struct file_lock *lock)
{
	return &lock->c;
}

static inline struct file_lock_core *file_lease_core_of(struct file_lease *lease)
{
	return &lease->c;
}
#else
#define file_lock_core	     file_lock
#define file_lease	     file_lock
#define flc_list	     fl_list
#define flc_owner	     fl_owner
#define flc_flags	     fl_flags
#define flc_type	     fl_type
#define flc_pid		     fl_pid
#define flc_file	     fl_file
#define flc_blocked_requests fl_blocked_requests
#define flc_blocked_member   fl_blocked_member

static inline struct file_lock *file_lock_of(struct file_lock_core *core)
{
	return core;
}

static inline struct file_lease *file_lease_of(struct file_lock_core *core)
{
	return core;
}

static inline struct file_lock_core *file_lock_core_of(struct file_lock *lock)
{
	return lock;
}

static inline struct file_lock_core *file_lease_core_of(struct file_lease *lease)
{
	return lease;
}
#endif

#ifndef HAVE_FOWN_POINTER
static inline struct fown_struct *file_f_owner(struct file *file)
{
	return &file->f_owner;
}
#endif

#ifdef HAVE_POSIX_TIMERS_HLIST
#define crlock_for_each_timer(timer, signal) \
	hlist_for_each_entry(timer, &(signal)->posix_timers, list)
#else
#define crlock_for_each_timer(timer, signal) \
	list_for_each_entry(timer, &(signal)->posix_timers, list)
#endif

/* For who holds its it_lock: whether it was not deleted; exit_itimers() does not always reset it_signal. */
static inline bool crlock_timer_is_listed(const struct k_itimer *timer)
{
#ifdef HAVE_POSIX_TIMERS_HLIST
	const void *place = timer->list.pprev;
#else
	const void *place = timer->list.prev;
#endif
	return timer->it_signal && place != LIST_POISON2;
}

/* A reference to a file that a pointer protected by RCU leads to, for fput(); or NULL. */
static inline struct file *crlock_get_file(struct file __rcu **pointer)
{
	struct file *file;

	rcu_read_lock();
#ifdef HAVE_GET_FILE_RCU_POINTER
	file = get_file_rcu(pointer);
#else
	/* One without references is being replaced. */
	do
		file = rcu_dereference(*pointer);
	while (file && !get_file_rcu(file));
#endif
	rcu_read_unlock();
	return file;
}

#ifdef CONFIG_RSEQ
static inline u32 crlock_rseq_len(const struct task_struct *task)
{
#ifdef HAVE_RSEQ_LEN
	return task->rseq_len;
#else
	return task->rseq ? sizeof(*task->rseq) : 0;
#endif
}
#endif

/* Whether it is on its CPU's queue to run; who sleeps may be left on it for a while. */
static inline bool crlock_task_is_runnable(struct task_struct *task)
{
#ifdef HAVE_TASK_IS_RUNNABLE
	return task_is_runnable(task);
#else
	return READ_ONCE(task->on_rq);
#endif
}

/* The one CPU of such a kernel is that of the caller. */
static inline bool crlock_task_on_cpu(struct task_struct *task)
{
#ifdef CONFIG_SMP
	/* Pairs with finish_task() of kernel/sched/core.c: then its registers are in memory. */
	return smp_load_acquire(&task->on_cpu);
#else
	return task == current;
#endif
}

/* Linux 6.4, 54e6842d0775: workers of vhost are threads of their process too. */
#ifndef PF_USER_WORKER
#define PF_USER_WORKER PF_IO_WORKER
#endif

/* Bits of mm->flags that came with Linux 6.3, 6.4 and 6.7. */
#ifdef MMF_HAS_MDWE
#define CRLOCK_MMF_MDWE BIT(MMF_HAS_MDWE)
#else
#define CRLOCK_MMF_MDWE 0
#endif
#ifdef MMF_HAS_MDWE_NO_INHERIT
#define CRLOCK_MMF_MDWE_NO_INHERIT BIT(MMF_HAS_MDWE_NO_INHERIT)
#else
#define CRLOCK_MMF_MDWE_NO_INHERIT 0
#endif
#ifdef MMF_VM_MERGE_ANY
#define CRLOCK_MMF_MERGE_ANY BIT(MMF_VM_MERGE_ANY)
#else
#define CRLOCK_MMF_MERGE_ANY 0
#endif

/* The attributes of the request that a dump answers, and of its request the acknowledgement. */
static inline struct nlattr **crlock_dump_attrs(struct netlink_callback *cb)
{
#ifdef HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif
