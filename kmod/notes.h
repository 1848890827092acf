/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What probes remember from one tracepoint to the next that the same thread comes to.
 */
#ifndef CRLOCK_NOTES_H
#define CRLOCK_NOTES_H

#include <linux/types.h>

/**
 * enum crlock_note_kind - What is remembered.
 * @CRLOCK_NOTE_BEFORE: the locks of a file before a request
 * @CRLOCK_NOTE_WAIT: a request that waits
 * @CRLOCK_NOTE_BREAK: a lease whose breaking has been told
 * @CRLOCK_NOTE_LEASE: a lease is asked for
 */
enum crlock_note_kind {
	CRLOCK_NOTE_BEFORE,
	CRLOCK_NOTE_WAIT,
	CRLOCK_NOTE_BREAK,
	CRLOCK_NOTE_LEASE,
};

/**
 * struct crlock_noted_lock - A lock as it was.
 * @owner: only to be compared
 * @start: first byte
 * @end: last byte
 * @type: F_RDLCK or F_WRLCK
 * @kind: &enum crlock_kind
 */
struct crlock_noted_lock {
	const void *owner;
	s64 start;
	s64 end;
	u8 type;
	u8 kind;
};

/**
 * struct crlock_note - A note. Pointers are only compared.
 * @node: of its bucket
 * @key: whose it is: the current thread; or a lock, if threads of the kernel wait for it in turn
 * @born: when that thread started
 * @object: the inode; or the lease
 * @owner: of the request; or what breaks the lease
 * @kind: &enum crlock_note_kind
 * @type: of the request
 * @cut: there were more locks than could be noted
 * @room: for how many locks there is room
 * @nr: how many were noted
 * @locks: these
 */
struct crlock_note {
	struct hlist_node node;
	const void *key;
	u64 born;
	const void *object;
	const void *owner;
	u8 kind;
	u8 type;
	bool cut;
	u32 room;
	u32 nr;
	struct crlock_noted_lock locks[];
};

struct crlock_note *crlock_note_new(enum crlock_note_kind kind, const void *key, u32 room);
void crlock_note_put(struct crlock_note *note);
struct crlock_note *crlock_note_take(enum crlock_note_kind kind, const void *key);
void crlock_note_drop(enum crlock_note_kind kind, const void *key);
void crlock_notes_free(void);

#endif
