/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_SAY_H
#define CRIU_SAY_H

/** say - Prints one line on standard error, with the program's name before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_usage - The same, and how to get help. Returns: STATUS_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_written - Checks that standard output took everything. Returns: the exit status. */
int say_written(void);

#endif
