/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking lines of /proc apart. Nothing is copied, and no NUL is needed at the end.
 */
#ifndef PROCFS_TEXT_H
#define PROCFS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a line, borrowed. */
struct proc_text {
	const char *at;
	const char *end;
};

/** proc_text - The text of so many bytes. */
static inline struct proc_text proc_text(const char *at, size_t len)
{
	return (struct proc_text){ at, at + len };
}

/** proc_text_len - How many bytes are left. */
static inline size_t proc_text_len(struct proc_text text)
{
	return text.end - text.at;
}

/** proc_text_word - Takes the next word, up to a blank, off a text. Returns: it, empty at the end. */
struct proc_text proc_text_word(struct proc_text *text);

/** proc_text_field - Takes what comes before a character, and the character, off a text.
 *
 * Returns: whether the character was there; if not, nothing was taken.
 */
bool proc_text_field(struct proc_text *text, char separator, struct proc_text *field);

/** proc_text_is - Whether a text says exactly this. */
bool proc_text_is(struct proc_text text, const char *what);

/** proc_text_skip - Takes this off the start of a text. Returns: whether it was there. */
bool proc_text_skip(struct proc_text *text, const char *what);

/**
 * proc_text_unsigned - Reads a text that is a number and nothing else.
 * @base: 8, 10 or 16
 * @max: the largest that is accepted
 *
 * Returns: whether it is one; else the value is left as it was.
 */
bool proc_text_unsigned(struct proc_text text, unsigned int base, uint64_t max, uint64_t *value);

/** proc_text_signed - The same for a decimal number that may have a minus. */
bool proc_text_signed(struct proc_text text, int64_t *value);

/**
 * proc_failed - Whether an error tells of a failure, and not that something is gone, or not to be seen, or not
 * understood: what is left out then would be missed.
 */
bool proc_failed(int err);

#endif
