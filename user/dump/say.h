/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_SAY_H
#define DUMP_SAY_H

#include <sys/types.h>

/** say - Prints an error, as one line on standard error with the program's name before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_warning - The same of what is not as it should be, or to be known. */
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_info - The same of what went well, for --verbose. */
void say_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_level - Takes the level of --verbose, as message_level_parse() does. Returns: it, or -1. */
int say_level(const char *text);

/** say_json - From now on an object of JSON is printed for each message (--log-json). */
void say_json(void);

/**
 * say_of - Prints an error about a process.
 * @fd: its descriptor that it is about; -1: about none
 */
void say_of(pid_t pid, int fd, const char *text);

/** say_usage - The same, and how to get help. Returns: STATUS_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_written - Checks that standard output took everything. Returns: the exit status. */
int say_written(void);

#endif
