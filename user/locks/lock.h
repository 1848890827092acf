/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one model of a file lock that all commands share, whatever it was read from: the module,
 * /proc, or an image.
 */
#ifndef LOCKS_LOCK_H
#define LOCKS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/crlock.h>

enum lock_source {
	LOCK_SOURCE_KMOD,
	LOCK_SOURCE_PROC,
	LOCK_SOURCE_IMAGE,
};

/* What a source could not tell, as bits; such a field of struct lock is 0 or what is likely. */
enum lock_unknown {
	LOCK_UNKNOWN_ID = 1 << 0, /* id, file_id, owner_id, mount_id */
	LOCK_UNKNOWN_HELD = 1 << 1, /* a breaking lease: held is a guess from the open mode */
	LOCK_UNKNOWN_DEADLINE = 1 << 2, /* a breaking lease: break_ms, downgrade_ms, and which is pending */
	LOCK_UNKNOWN_HOLDERS = 1 << 3, /* holders may be missing (mappings, in flight, unreadable) */
	LOCK_UNKNOWN_GENERATION = 1 << 4,
	LOCK_UNKNOWN_NOTICE = 1 << 5, /* fown_* and CRLOCK_LOCK_NOTICE */
	LOCK_UNKNOWN_FLAGS = 1 << 6, /* fl_flags */
	LOCK_UNKNOWN_RANK = 1 << 7,
};

struct lock_holder {
	struct crlock_holder row; /* file_id and files_id are 0 if unknown */
	char *comm; /* of the process, NULL if it could not be read */
};

/* Holders of one open file description, for all of its locks. */
struct lock_holders {
	size_t refs;
	size_t nr;
	struct lock_holder rows[];
};

/* A request that waits. */
struct lock_waiter {
	pid_t pid; /* 0: unknown */
	char *comm; /* NULL: unknown */
	uint8_t kind; /* enum crlock_kind */
	uint8_t type; /* F_RDLCK or F_WRLCK: what is asked for; of a breaker, what it opens the file for */
	int64_t start, end; /* as in struct crlock_lock */
	bool breaker; /* an open that waits for a lease to be given up; one for reading leaves a read lease */
	unsigned int depth; /* 1: waits for the lock; 2: for a request of depth 1 before it; ... */
};

struct lock_sharing;

struct lock {
	struct crlock_lock row;
	uint32_t unknown; /* bits of enum lock_unknown */
	struct lock_holder *holders;
	size_t nr_holders;
	struct lock_holders *shared; /* what holders is a part of; NULL: holders is the lock's own */
	struct lock_waiter *waiters;
	size_t nr_waiters;
	char *path; /* NULL: unknown */
	char *comm; /* of the process that set it, NULL: unknown */
	int mnt_id; /* as in /proc/PID/mountinfo, -1: unknown */
	struct lock_sharing
		*sharing; /* with processes outside of a tree; NULL: of no checkpoint, or an old one */
};

struct lock_list {
	enum lock_source source;
	struct lock *locks;
	size_t nr;
};

/**
 * lock_holder_of_process - Whether a holder is a descriptor in the table of its process, which others can get at: not
 * one in a thread's own, nor a mapping or message.
 */
static inline bool lock_holder_of_process(const struct crlock_holder *holder)
{
	return holder->kind == CRLOCK_HOLDER_DESCRIPTOR && holder->fd >= 0 &&
	       (!holder->tid || holder->tid == holder->tgid);
}

/** lock_free - Frees what a lock owns, not the struct. */
void lock_free(struct lock *lock);

/** lock_list_free - Frees what a list owns and empties it. */
void lock_list_free(struct lock_list *list);

/** lock_list_add - Appends an empty lock. Returns: it, owned by the list, or NULL without memory. */
struct lock *lock_list_add(struct lock_list *list);

/** lock_add_waiter - Appends an empty waiter. Returns: it, owned by the lock, or NULL without memory. */
struct lock_waiter *lock_add_waiter(struct lock *lock);

/** lock_holders_new - Makes room for holders, all empty. Returns: it, with one reference, or NULL. */
struct lock_holders *lock_holders_new(size_t nr);

/** lock_holders_put - Drops a reference; NULL is allowed. */
void lock_holders_put(struct lock_holders *holders);

/** lock_set_holders - Gives a lock without holders a reference to some. */
void lock_set_holders(struct lock *lock, struct lock_holders *holders);

/**
 * lock_list_sort - Puts locks in the order that does not change: device, inode, kind, start, and then what
 * else tells them apart.
 */
void lock_list_sort(struct lock_list *list);

/** lock_kind_name - "FLOCK", "POSIX", "OFD", "LEASE", "DELEG" or "LAYOUT". */
const char *lock_kind_name(unsigned int kind);

/** lock_kind_parse - The kind of a name, in either case; -1: there is none of that name. */
int lock_kind_parse(const char *name);

/** lock_type_name - "READ", "WRITE" or "UNLCK". */
const char *lock_type_name(unsigned int type);

#endif
