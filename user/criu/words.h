/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of a command line that grows. What there is no memory for is noted, so that only the end needs a check.
 */
#ifndef CRIU_WORDS_H
#define CRIU_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: empty. */
struct words {
	char **at; /* ends with NULL; itself NULL as long as nothing was added */
	size_t nr;
	bool failed; /* there was no memory, once */
};

/** words_add - Adds a word like printf(3). */
void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** words_free - Frees and empties them. */
void words_free(struct words *words);

#endif
