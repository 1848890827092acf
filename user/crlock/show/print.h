/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_SHOW_PRINT_H
#define CRLOCK_SHOW_PRINT_H

#include "crlock/show/contents.h"

/** print_text - Prints a checkpoint for people. Returns: 0 or a negative errno value. */
int print_text(const struct contents *contents);

/**
 * print_json - Prints all of it for programs. @error: gets what is wrong with an image that only this reads, if the
 * result is -EBADMSG; then nothing was printed.
 *
 * Returns: 0 or a negative errno value.
 */
int print_json(const struct contents *contents, const struct image_error *error);

#endif
