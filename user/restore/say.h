/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_SAY_H
#define RESTORE_SAY_H

#include <stdbool.h>

/** say - Prints one line on standard error, or where say_to() says, with the program's name before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_usage - The same, and how to get help. Returns: STATUS_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_written - Checks that standard output took everything. Returns: the exit status. */
int say_written(void);

/** say_to - Writes messages to a file, made anew, from now on. Returns: 0 or a negative errno value. */
int say_to(const char *path);

/** say_to_file - Whether messages go to a file. */
bool say_to_file(void);

/**
 * say_elsewhere - Keeps what messages go to when its number is to be another file's.
 * @lowest: of the descriptor that it is kept under
 *
 * Returns: 0 or a negative errno value.
 */
int say_elsewhere(int lowest);

#endif
