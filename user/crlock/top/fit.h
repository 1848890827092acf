/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in so many columns of a terminal, where a character may take none, one or two.
 */
#ifndef CRLOCK_TOP_FIT_H
#define CRLOCK_TOP_FIT_H

#include "locks/buffer.h"

/* How, as bits; else to the left, and what is too long loses its end. */
enum fit {
	FIT_RIGHT = 1 << 0, /* to the right */
	FIT_END = 1 << 1, /* what is too long loses its beginning */
	FIT_WHOLE = 1 << 2, /* nothing is cut, only filled up */
};

/**
 * fit_add - Adds text, filled up with blanks or cut to a width.
 * @text: as lock_buffer_printable() makes it
 * @how: bits of enum fit
 *
 * Where something is cut stands a < or a >.
 */
void fit_add(struct lock_buffer *buffer, const char *text, size_t width, unsigned int how);

#endif
