/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IMAGE_THREAD_H
#define IMAGE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/**
 * thread_start - Starts a thread that takes no signals: they are for who began it, who waits with pthread_join(3).
 *
 * Returns: whether there is one; without it the work is to be done all the same.
 */
bool thread_start(pthread_t *thread, void *(*work)(void *), void *data);

#endif
