/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that grows. What there is no memory for is noted and left out, so that only the end needs a check.
 */
#ifndef LOCKS_BUFFER_H
#define LOCKS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: empty. */
struct lock_buffer {
	char *text; /* ends with a NUL; NULL as long as nothing was added */
	size_t len, room;
	bool failed; /* there was no memory, once */
};

/** lock_buffer_free - Frees and empties a buffer. */
void lock_buffer_free(struct lock_buffer *buffer);

/** lock_buffer_clear - Empties a buffer and keeps its memory. */
void lock_buffer_clear(struct lock_buffer *buffer);

/** lock_buffer_text - The text, never NULL; good until more is added. */
const char *lock_buffer_text(const struct lock_buffer *buffer);

/** lock_buffer_add - Adds text as it is. */
void lock_buffer_add(struct lock_buffer *buffer, const char *text);

/** lock_buffer_format - Adds text like printf(3). */
void lock_buffer_format(struct lock_buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** lock_buffer_number - Adds a decimal number, faster. */
void lock_buffer_number(struct lock_buffer *buffer, long long number);

/**
 * lock_buffer_printable - Adds text of strangers: names of files and processes.
 *
 * Bytes that are not UTF-8, and characters that control terminals or the direction of text, become \xHH
 * each; where the locale is not one of UTF-8, so does all that is not ASCII: there a terminal takes some bytes of
 * it for controls, and libsmartcols 2.38 never ends. There are no newlines in the result.
 */
void lock_buffer_printable(struct lock_buffer *buffer, const char *text);

/** lock_buffer_utf8 - The same, to be read by programs: UTF-8 in any locale. */
void lock_buffer_utf8(struct lock_buffer *buffer, const char *text);

#endif
