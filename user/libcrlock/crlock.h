/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcrlock: a client of the crlock kernel module.
 *
 * Functions return 0 or a negative errno value and never print. A handle is for one thread at a
 * time; different handles are independent, the library has no other state. Callbacks get pointers
 * that are good until they return; what they return, if not 0, ends the iteration and becomes the
 * iteration's result. A callback must not use the handle that is calling it.
 *
 * Rows are the structs of <linux/crlock.h>, which documents the fields, the access rules and the
 * kernel's errors. Fields that the loaded module does not know are 0.
 */
#ifndef CRLOCK_H
#define CRLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/crlock.h>

#ifdef __cplusplus
extern "C" {
#endif

struct crlock;

/**
 * crlock_load - Has the kernel load the module, if it is installed and not loaded yet.
 *
 * The kernel does that for everyone, without a privilege, unless /etc/modprobe.d says no; and nothing else of
 * this library makes it.
 *
 * Returns: 0, -ENOENT if it is not loaded even so, or an error of socket(2) or malloc(3).
 */
int crlock_load(void);

/**
 * crlock_open - Connects to the module.
 * @out: the handle; the caller frees it with crlock_close()
 *
 * Returns: 0, -ENOENT if the module is not loaded, -EPROTO if it speaks another ABI, or an error
 * of socket(2) or malloc(3).
 */
int crlock_open(struct crlock **out);

/** crlock_close - Frees a handle; NULL is allowed. */
void crlock_close(struct crlock *crlock);

/**
 * crlock_error - Says more about the last error of a handle.
 *
 * Returns: the kernel's text, or that of the library, in one line without a newline; "" if there is
 * none. It belongs to the handle and is good until that is used again.
 */
const char *crlock_error(const struct crlock *crlock);

/**
 * crlock_needed - How large the snapshot would have been, in bytes, after -ENOBUFS; else 0.
 */
uint64_t crlock_needed(const struct crlock *crlock);

/**
 * crlock_busy_queues - How many receive queues of sockets the last crlock_each_lock() could not read.
 *
 * If it is not 0, holders in flight (%CRLOCK_HOLDER_IN_FLIGHT) may be missing.
 */
uint32_t crlock_busy_queues(const struct crlock *crlock);

/**
 * crlock_busy_mappings - How many address spaces the last crlock_each_lock() could not read to their end.
 *
 * If it is not 0, holders that map a file (%CRLOCK_HOLDER_MAPPING) may be missing.
 */
uint32_t crlock_busy_mappings(const struct crlock *crlock);

/** struct crlock_info - What the module says of itself. Strings are NUL-terminated. */
struct crlock_info {
	uint32_t abi;
	uint32_t features; /* bits of enum crlock_feature */
	uint64_t snapshot_max; /* bytes */
	uint32_t tgids_max; /* in one filter */
	char version[32];
	char kernel[65];
	char arch[65];
};

/**
 * crlock_get_info - Reads what the module says of itself.
 *
 * Needs no handle, so that a module of another ABI can be named. Needs no capability.
 *
 * Returns: 0, -ENOENT if the module is not loaded, or an error of socket(2).
 */
int crlock_get_info(struct crlock_info *info);

/** struct crlock_filter - Which locks are wanted; all zero: every one. */
struct crlock_filter {
	const pid_t *tgids; /* held by one of these processes */
	size_t nr_tgids;
	bool by_inode; /* of this inode; the device is that of the superblock */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t ino;
	uint32_t kinds; /* bits 1 << enum crlock_kind, 0: all */
};

/**
 * crlock_lock_fn - Is called for each lock.
 * @lock: the lock
 * @holders: all holders of its open file description
 * @nr_holders: how many
 * @data: as given
 */
typedef int crlock_lock_fn(const struct crlock_lock *lock, const struct crlock_holder *holders,
			   size_t nr_holders, void *data);

/**
 * crlock_each_lock - Calls a function for each lock; locks of one description follow each other.
 * @filter: which locks, NULL for all
 *
 * Memory use is that of one message and of the holders of one description.
 *
 * Returns: 0, what @fn returned, or the kernel's error, see <linux/crlock.h>.
 */
int crlock_each_lock(struct crlock *crlock, const struct crlock_filter *filter, crlock_lock_fn *fn,
		     void *data);

/** crlock_file_fn - Is called for each descriptor. */
typedef int crlock_file_fn(const struct crlock_file *file, void *data);

/**
 * crlock_each_file - Calls a function for each descriptor of some processes.
 * @tgids: the processes, at least one
 *
 * Returns: as crlock_each_lock().
 */
int crlock_each_file(struct crlock *crlock, const pid_t *tgids, size_t nr_tgids, crlock_file_fn *fn,
		     void *data);

/** struct crlock_regset - One register set. */
struct crlock_regset {
	uint32_t note; /* NT_* of <linux/elf.h> */
	uint32_t size; /* of data, bytes */
	const void *data; /* as PTRACE_GETREGSET gives it */
};

/**
 * crlock_thread_fn - Is called for each thread.
 * @thread: the thread; its error says why there are no sets
 * @sets: register sets
 * @nr_sets: how many
 */
typedef int crlock_thread_fn(const struct crlock_thread *thread, const struct crlock_regset *sets,
			     size_t nr_sets, void *data);

/**
 * crlock_thread_regs - Calls a function once, with the registers of one thread.
 *
 * Returns: as crlock_each_lock(); -EAGAIN if the thread is neither stopped, traced nor frozen.
 */
int crlock_thread_regs(struct crlock *crlock, pid_t tid, crlock_thread_fn *fn, void *data);

/**
 * crlock_each_thread - Calls a function for each thread of a process.
 *
 * A thread that cannot be read now has crlock_thread.error set and no sets; the others follow.
 *
 * Returns: as crlock_each_lock().
 */
int crlock_each_thread(struct crlock *crlock, pid_t tgid, crlock_thread_fn *fn, void *data);

/** struct crlock_process_state - What the threads of a process have in common. */
struct crlock_process_state {
	struct crlock_process process;
	struct crlock_sigaction actions[CRLOCK_SIGNALS]; /* all: of signal N at N - 1 */
	const struct crlock_timer *timers; /* of timer_create(2), the latest first */
	size_t nr_timers;
};

/**
 * crlock_task_fn - Is called for each thread.
 * @task: the thread
 * @process: its process
 * @data: as given
 */
typedef int crlock_task_fn(const struct crlock_task *task, const struct crlock_process_state *process,
			   void *data);

/**
 * crlock_each_task - Calls a function for each thread of some processes; threads of one follow each other.
 * @tgids: the processes, at least one
 *
 * A process that ends meanwhile is left out. Memory use is that of one message and of the timers of one
 * process.
 *
 * Returns: as crlock_each_lock(); -EOPNOTSUPP if the module is older than this (%CRLOCK_FEATURE_TASKS).
 */
int crlock_each_task(struct crlock *crlock, const pid_t *tgids, size_t nr_tgids, crlock_task_fn *fn,
		     void *data);

/**
 * crlock_event_fn - Is called for each event.
 * @event: what happened
 * @data: as given
 */
typedef int crlock_event_fn(const struct crlock_event *event, void *data);

/**
 * crlock_monitor - Has events sent to a handle, which from then on is for nothing else.
 * @filter: whose events, NULL for all: of these processes, or that these make happen
 * @events: bits 1 << enum crlock_event_kind, 0: all
 * @fn: is called for each, by crlock_read_events()
 *
 * Returns: as crlock_each_lock(); -EOPNOTSUPP if the module is older than this or the kernel lacks what
 * events come from (%CRLOCK_FEATURE_EVENTS).
 */
int crlock_monitor(struct crlock *crlock, const struct crlock_filter *filter, uint32_t events,
		   crlock_event_fn *fn, void *data);

/**
 * crlock_read_events - Calls the function of crlock_monitor() for the events that have come.
 *
 * It does not wait: poll(2) tells of crlock_fd() when there is something to read.
 *
 * Returns: 0, what the function returned, -ENOENT if the module was unloaded, or an error of
 * recvmsg(2).
 */
int crlock_read_events(struct crlock *crlock);

/**
 * crlock_lost - How many events were lost since crlock_monitor(), as far as it has been told.
 *
 * They are lost if they are not read as fast as they come. To this belong events that the filter would
 * have left out.
 */
uint64_t crlock_lost(const struct crlock *crlock);

/** crlock_fd - The socket of a handle, for poll(2) and SO_RCVBUF of socket(7). It belongs to the handle. */
int crlock_fd(const struct crlock *crlock);

#ifdef __cplusplus
}
#endif

#endif
