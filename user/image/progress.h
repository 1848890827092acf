/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line on the terminal that says how far long work has come: a bar, bytes, and how fast they go.
 *
 * It comes only if the work lasts, and goes when the work ends. The line is this program's only one, and so this
 * has no handle.
 */
#ifndef IMAGE_PROGRESS_H
#define IMAGE_PROGRESS_H

#include <stdint.h>

/** progress_allow - Has progress shown if standard error is a terminal. @program: says so at the line's begin. */
void progress_allow(const char *program);

/** progress_begin - Work begins. @total: how many bytes it is about; 0: nobody knows, and there is no bar. */
void progress_begin(const char *what, uint64_t total);

/** progress_add - So many bytes are done; outside of work that was begun nothing happens. */
void progress_add(uint64_t bytes);

/** progress_end - The work has ended, or has failed: the line goes. */
void progress_end(void);

#endif
