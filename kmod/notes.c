// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes, found by the thread that they are about. Some are never taken: of a request that failed between
 * two tracepoints, or of flock(2) that a signal ended. Such a one goes when its thread makes the next; or
 * when all take too much memory, with some others: they are of use for a moment only.
 */
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "notes.h"

#define BITS	   8
#define BYTES_MAX (4U << 20)

/* Taken below locks of fs/locks.c; takes none itself. */
static DEFINE_SPINLOCK(notes_lock);
static struct hlist_head notes[1 << BITS];
static u32 nr_bytes;

static struct hlist_head *bucket_of(const void *key)
{
	return &notes[hash_ptr(key, BITS)];
}

static u32 bytes_of(const struct crlock_note *note)
{
	return struct_size(note, locks, note->room);
}

static void unlink(struct crlock_note *note)
{
	hlist_del(&note->node);
	nr_bytes -= bytes_of(note);
}

/* Of a thread that is gone a note may be left, and another then be where it was. */
static u64 born_of(const void *key)
{
	return key == current ? current->start_time : 0;
}

static struct crlock_note *find(enum crlock_note_kind kind, const void *key)
{
	struct crlock_note *note;

	hlist_for_each_entry(note, bucket_of(key), node) {
		if (note->key == key && note->kind == kind)
			return note;
	}
	return NULL;
}

static void free_bucket(struct hlist_head *bucket)
{
	struct crlock_note *note;
	struct hlist_node *next;

	hlist_for_each_entry_safe(note, next, bucket, node) {
		unlink(note);
		kfree(note);
	}
}

/* A part at a time: there may be tens of thousands, and who makes one holds locks of the file. */
static void make_room(u32 bytes)
{
	static u32 hand; /* the bucket that was emptied the longest time ago */

	while (nr_bytes > BYTES_MAX - bytes)
		free_bucket(&notes[hand++ % ARRAY_SIZE(notes)]);
}

/**
 * crlock_note_new - Makes a note, for crlock_note_put() or kfree(). Does not sleep.
 * @kind: what it is
 * @key: whose it is
 * @room: for how many locks
 *
 * Return: the note, or NULL without memory.
 */
struct crlock_note *crlock_note_new(enum crlock_note_kind kind, const void *key, u32 room)
{
	struct crlock_note *note = kmalloc(struct_size(note, locks, room), GFP_ATOMIC | __GFP_NOWARN);

	if (note) {
		*note = (struct crlock_note){};
		note->kind = kind;
		note->key = key;
		note->born = born_of(key);
		note->room = room;
	}
	return note;
}

/** crlock_note_put - Keeps a note, in place of one of that kind and thread. Does not sleep. */
void crlock_note_put(struct crlock_note *note)
{
	struct crlock_note *former;

	spin_lock(&notes_lock);
	former = find(note->kind, note->key);
	if (former)
		unlink(former);
	make_room(bytes_of(note));
	hlist_add_head(&note->node, bucket_of(note->key));
	nr_bytes += bytes_of(note);
	spin_unlock(&notes_lock);
	kfree(former);
}

/** crlock_note_take - Takes a note, for crlock_note_put() or kfree(); or NULL. Does not sleep. */
struct crlock_note *crlock_note_take(enum crlock_note_kind kind, const void *key)
{
	struct crlock_note *note;

	spin_lock(&notes_lock);
	note = find(kind, key);
	if (note)
		unlink(note);
	spin_unlock(&notes_lock);
	if (note && note->born != born_of(key)) {
		kfree(note);
		return NULL;
	}
	return note;
}

/** crlock_note_drop - Forgets a note, if there is one. Does not sleep. */
void crlock_note_drop(enum crlock_note_kind kind, const void *key)
{
	kfree(crlock_note_take(kind, key));
}

/** crlock_notes_free - Forgets all. The probes are gone. */
void crlock_notes_free(void)
{
	int i;

	spin_lock(&notes_lock);
	for (i = 0; i < ARRAY_SIZE(notes); i++)
		free_bucket(&notes[i]);
	spin_unlock(&notes_lock);
}
