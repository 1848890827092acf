/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far long work has come: a line on the terminal that is written again and again, or where there is none, and
 * --progress asks for it, a message each time.
 *
 * It comes only if the work lasts, and goes when the work ends. The line is this program's only one, and so this
 * has no handle.
 */
#ifndef IMAGE_PROGRESS_H
#define IMAGE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * progress_ask - Has it shown even where there is no terminal (--progress).
 * @seconds: until it is shown first, and from one time to the next; NULL: as is usual
 *
 * Returns: whether that is a number of seconds.
 */
bool progress_ask(const char *seconds);

/** progress_refuse - Has none shown (--no-progress). */
void progress_refuse(void);

/**
 * progress_allow - Has progress shown from now on, if not refused.
 * @program: says so at the line's begin
 * @plain: standard error has nothing but text for people, and is no file: if it is a terminal, the line goes there
 * @tell: says it as a message where it is asked for and the line goes nowhere
 */
void progress_allow(const char *program, bool plain, void (*tell)(const char *text));

/** progress_begin - Work begins. @total: how many bytes it is about; 0: nobody knows, and there is no bar. */
void progress_begin(const char *what, uint64_t total);

/** progress_add - So many bytes are done; outside of work that was begun nothing happens. */
void progress_add(uint64_t bytes);

/** progress_clear - Something else is about to be printed on the terminal: the line goes, and comes again later. */
void progress_clear(void);

/** progress_end - The work has ended, or has failed: the line goes. */
void progress_end(void);

#endif
