/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_SAY_H
#define CRLOCK_SAY_H

/* Exit statuses, as crlock(8) has them. */
enum {
	STATUS_OK = 0,
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
	STATUS_NO_MODULE = 3,
	STATUS_FOREIGN_ABI = 4,
	STATUS_IMAGE = 4, /* of a checkpoint, as crdump(8) and crrestore(8) have it */
};

/** say - Prints one line on standard error, with the program's name before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_usage - The same, and how to get help. Returns: STATUS_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** say_written - Checks that standard output took everything. Returns: the exit status. */
int say_written(void);

#endif
