/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of a request, which crdump or crrestore writes, and where this program tells why it does not come to that.
 */
#ifndef CRIU_LOG_H
#define CRIU_LOG_H

#include <stddef.h>

/** log_write - Makes the log anew, with one line in it. @path: NULL: there is none, and nothing is done. */
void log_write(const char *path, const char *line);

/** log_last_line - What was said at last. @line: gets it, without its end, or is empty. */
void log_last_line(const char *path, char *line, size_t size);

#endif
