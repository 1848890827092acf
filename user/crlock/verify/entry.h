/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of /proc about a lock or request: as it is, or as it should be.
 */
#ifndef VERIFY_ENTRY_H
#define VERIFY_ENTRY_H

#include "locks/buffer.h"
#include "locks/lock.h"
#include "procfs/locks.h"

/* As bits, in the order of enum rule_of_line. */
enum field {
	FIELD_KIND = 1 << 0,
	FIELD_STATE = 1 << 1,
	FIELD_TYPE = 1 << 2,
	FIELD_PID = 1 << 3,
	FIELD_INODE = 1 << 4,
	FIELD_DEVICE = 1 << 5,
	FIELD_RANGE = 1 << 6,
	NR_FIELDS = 7,
	ALL_FIELDS = (1 << NR_FIELDS) - 1,
};

struct entry {
	struct proc_lock line;
	uint32_t unknown; /* of what should be: bits of enum field */
	bool optional; /* need not be shown */
	const struct lock *lock; /* what should be: the module's; NULL: a request */
	const struct task *task; /* of a request: who waits */
	char *strange; /* what is: the text, if it has not the form; owned by the reading */
	bool is_line; /* strange: it could be understood all the same */
};

/** entry_of_lock - The line that a lock should have. */
void entry_of_lock(struct entry *entry, const struct lock *lock);

/**
 * entry_differs - In what a line is not as it should be.
 *
 * Returns: bits of enum field.
 */
uint32_t entry_differs(const struct entry *wanted, const struct entry *got);

/** entry_order - An order of lines, whatever their numbers; 0: they say the same. */
int entry_order(const struct proc_lock *a, const struct proc_lock *b);

/** entry_type_word - READ, WRITE or UNLCK, of F_RDLCK and so on. */
const char *entry_type_word(uint8_t type);

/** entry_format - Adds a line's text in the form that the kernel has, or as it is if that is strange. */
void entry_format(struct lock_buffer *buffer, const struct entry *entry);

/** entry_has_form - Whether this is the kernel's text of a line; words behind it are let pass. */
bool entry_has_form(const struct entry *entry, struct proc_text text);

#endif
