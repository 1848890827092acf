/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands that are told of events have in common.
 */
#ifndef CRLOCK_EVENTS_H
#define CRLOCK_EVENTS_H

#include <crlock.h>

/** events_cannot_open - Says why the module could not be opened. Returns: the exit status. */
int events_cannot_open(int err);

/** events_cannot_read - Says why no more events can be read. Returns: the exit status. */
int events_cannot_read(const struct crlock *crlock, int err);

/**
 * events_take_rcvbuf - Reads how much room there is to be.
 * @bytes: gets it
 *
 * Returns: the exit status.
 */
int events_take_rcvbuf(const char *word, int *bytes);

/**
 * events_set_rcvbuf - Makes room for events that are not yet read.
 * @bytes: 0: what is enough for most
 *
 * Returns: the exit status.
 */
int events_set_rcvbuf(const struct crlock *crlock, int bytes);

/**
 * events_take_signals - Has signals read instead of them ending the program.
 * @signals: their numbers, up to 0
 * @fd: gets a descriptor of signalfd(2), which the caller closes
 *
 * Returns: the exit status.
 */
int events_take_signals(const int *signals, int *fd);

#endif
