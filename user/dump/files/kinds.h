/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of files that can be dumped, each in a file of its name; and that of all others.
 */
#ifndef DUMP_FILES_KINDS_H
#define DUMP_FILES_KINDS_H

#include "dump/files/file.h"

extern const struct file_kind file_kind_regular;
extern const struct file_kind file_kind_pipe;
extern const struct file_kind file_kind_fifo;
extern const struct file_kind file_kind_eventfd;
extern const struct file_kind file_kind_signalfd;
extern const struct file_kind file_kind_timerfd;
extern const struct file_kind file_kind_epoll;
extern const struct file_kind file_kind_memory;
extern const struct file_kind file_kind_socket; /* as long as its family is not known */
extern const struct file_kind file_kind_unix;
extern const struct file_kind file_kind_inet;
extern const struct file_kind file_kind_tty;
extern const struct file_kind file_kind_inotify;
extern const struct file_kind file_kind_external; /* of --external */
extern const struct file_kind file_kind_other;

/** tty_is_known - Whether a device is a terminal that can be dumped. */
bool tty_is_known(uint64_t rdev);

#endif
