/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal, by ncurses.
 */
#ifndef CRLOCK_TOP_SCREEN_H
#define CRLOCK_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * screen_start - Takes the terminal of standard input and output.
 *
 * Returns: 0, -ENOTTY if they are none, or -ENODEV if nothing is known of what TERM says.
 */
int screen_start(void);

/** screen_end - Gives the terminal back as it was; once more, or without a start, it does nothing. */
void screen_end(void);

/** screen_resize - Takes the size that the terminal has now. */
void screen_resize(void);

/** screen_height - How many lines there are. */
size_t screen_height(void);

/** screen_width - How many columns there are. */
size_t screen_width(void);

/**
 * screen_put - Puts a line of text on a line, which is cleared before.
 * @text: as lock_buffer_printable() makes it; what does not fit is left out
 * @stands_out: it is a heading
 */
void screen_put(size_t at, const char *text, bool stands_out);

/** screen_clear_below - Clears a line and all below it. */
void screen_clear_below(size_t at);

/** screen_show - Has all that was put seen. */
void screen_show(void);

/** screen_key - Reads a key: as view_press() takes it; -1: there is none now. */
int screen_key(void);

#endif
