/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is true of the locks of a row of the matrix, as the program that took them knows it. It is written to the
 * file "truth" of the working directory, as JSON, when all is there.
 */
#ifndef MATRIX_TRUTH_H
#define MATRIX_TRUTH_H

#include <sys/types.h>

/** TO_EOF - For a range without an end. */
#define TO_EOF (-1)

/**
 * lock_is - There is one more lock, which this process has set; what follows says more of it.
 * @kind: FLOCK, POSIX, OFD or LEASE
 * @held: READ or WRITE
 * @end: the last byte, or TO_EOF
 */
void lock_is(const char *kind, const char *held, long long start, long long end);

/** set_by - Another process has set it, which may be gone. */
void set_by(pid_t pid);

/** becomes - It is a lease that is to become this: "READ", "UNLCK", or "READ,UNLCK", one after the other. */
void becomes(const char *pending);

/** held_by - A descriptor of its open file description. */
void held_by(pid_t pid, int fd);

/** held_by_mapping - A mapping of its open file description. */
void held_by_mapping(pid_t pid);

/** held_in_flight - Its open file description is in the queue of a socket. */
void held_in_flight(void);

/** waited_for - A request, or an open, that waits for it. */
void waited_for(pid_t pid, const char *type);

/** named - It is of the file of this process's descriptor, by the path that the kernel has of it now. */
void named(int fd);

/** not_of_tree - It is no lock of the processes that are dumped. */
void not_of_tree(void);

/** about - Locks of a file that no process may have open are told of too. */
void about(const char *path);

/** ends_too - Another process is to end with the row. */
void ends_too(pid_t pid);

/** not_dumped - It is only looked at. */
void not_dumped(void);

/** seen_by - All this is so for who reads through a command, which runs another. It is only looked at. */
void seen_by(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** read_by - It is so too where this command, before that which it runs, is the one to read /proc. */
void read_by(const char *command);

/** tell_truth - Writes the file. */
void tell_truth(void);

#endif
