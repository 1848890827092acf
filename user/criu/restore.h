/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_RESTORE_H
#define CRIU_RESTORE_H

#include "criu/answer.h"
#include "criu/words.h"

/**
 * restore - Becomes crrestore, and leaves a process behind that answers when that has ended.
 *
 * So crrestore is a child of the peer, and what it restores with --restore-sibling too, as the peer expects; its exit
 * status is what the peer waits for.
 *
 * Returns: only after an error, with an answer: the exit status.
 */
int restore(const struct work *work, struct words *words);

#endif
