/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs say to people. */
#ifndef IMAGE_SAY_H
#define IMAGE_SAY_H

#include <stdbool.h>
#include <sys/types.h>

/** say_as - Gives the name that messages begin with; else it is what the program was called as. */
void say_as(const char *program);

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

/**
 * say_listed - Prints a line on standard output, of what was asked for and not of what goes wrong.
 * @line: may be of strangers; what is not printable is told as it is for people (lock_buffer_printable())
 */
void say_listed(const char *line);

/** say_later - From now on keeps what is to be said, so that no process that is stopped waits for who reads it. */
void say_later(void);

/** say_now - Says what was kept, and no longer keeps any. */
void say_now(void);

/** say_allow_progress - Has how far work has come shown, as message or line, where messages go (progress.h). */
void say_allow_progress(void);

/** say_usage - Prints an error, and how to get help. Returns: STATUS_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_written - Checks that standard output took everything. Who reads no further is not told.
 *
 * Returns: the exit status, 0 or 1.
 */
int say_written(void);

/** say_to - Writes messages to a file, made anew, from now on. Returns: 0 or a negative errno value. */
int say_to(const char *path);

/** say_log_file - The same for --log-file, and says what is wrong. Returns: the exit status, 0 or STATUS_USAGE. */
int say_log_file(const char *path);

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
