/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When and where a thread runs.
 */
#ifndef DUMP_SCHEDULE_H
#define DUMP_SCHEDULE_H

#include "core.pb-c.h"
#include "dump/process.h"

/** schedule_read - Reads policy, priorities and affinity; tells policies that cannot be had again. */
int schedule_read(struct dump_thread *thread, struct blockers *blockers);

/** schedule_pack - Puts it into a message. Returns: 0 or -ENOMEM. */
int schedule_pack(const struct dump_thread *thread, Image__ThreadCoreEntry *message);

#endif
