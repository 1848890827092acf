/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IMAGE_ENDING_SIGNALS_H
#define IMAGE_ENDING_SIGNALS_H

#include <signal.h>

/**
 * ending_signals - The signals by which people end a program: SIGINT, SIGTERM, SIGHUP, SIGQUIT.
 *
 * A program blocks them while it is to leave nothing half done; a stream that is written or read meanwhile looks
 * for them, for it may wait without end.
 */
void ending_signals(sigset_t *set);

#endif
