/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a thread acts as.
 */
#ifndef DUMP_CREDS_H
#define DUMP_CREDS_H

#include "core.pb-c.h"
#include "dump/process.h"

/** creds_read - Reads status and groups of a thread. @dir: of the thread in /proc. Returns: 0 or an error. */
int creds_read(struct dump_thread *thread, int dir);

/** creds_pack - Makes a message; freed with its parent. NULL: no memory. */
Image__CredsEntry *creds_pack(const struct dump_thread *thread);

#endif
